"""The model card: its sections, and the author's words in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from registry import VersionStore
from tests.conftest import FLATS
from train.model_card import model_card
from train.spec import About, read_spec


@pytest.mark.slow
def test_it_has_the_sections_of_the_paper_and_the_words_of_the_spec(published: Path) -> None:
    text = VersionStore(published, "boston").model_card(1)
    sections = (
        "Model details, Intended use, Factors, Metrics, Evaluation data, Training data, Quantitative analyses, "
        "Ethical considerations, Caveats and recommendations"
    )
    assert re.findall("^## (.*)$", text, re.MULTILINE) == sections.split(", ")
    assert "This is a teaching set and nothing more" in text
    assert "variable `b`" in text
    assert "can't reliably find a shift of an input by less than 0.2" in text
    assert "Tested slices: `rm`, `tax`, `age`, `chas`, `lstat`." in text
    assert text.count("\n| `lstat` |") == 4
    assert re.findall(r"^\| (\d+) % \| \d\d\.\d % \| [\d.]+ \|$", text, re.MULTILINE) == ["50", "80", "90", "95"]
    assert re.search(r"inside for the \w+ predictions \(8\d\.\d % of 16\d rows\), and of the slices", text)
    assert "about 9 in 10 real values lie inside. What it does not promise: that this holds for one row" in text


@pytest.mark.slow
def test_without_intervals_it_promises_none(published: Path) -> None:
    store = VersionStore(published, "boston")
    card = {**store.card(1), "interval": None}
    assert "interval promises" not in model_card(read_spec(Path("train/boston.toml")), store.signature(1), card)


@pytest.mark.slow
def test_it_goes_without_what_nobody_wrote_and_its_tables_stay_whole(published: Path) -> None:
    spec = replace(read_spec(Path("train/boston.toml")), about=About("", "", "", "", "", "", ""))
    store = VersionStore(published, "boston")
    signature = store.signature(1)
    plain = replace(
        signature,
        output=replace(signature.output, unit=""),
        inputs=(replace(signature.inputs[0], label="rooms | halls", unit=""), *signature.inputs[1:]),
    )
    text = model_card(spec, plain, json.loads((store.folder / "1" / "card.json").read_text()))
    assert "Not described yet; add it to `[about]` in the spec." in text
    assert "| rooms \\| halls |" in text
    assert f"It predicts {signature.output.label} from 3 inputs." in text
    assert "Not for:" not in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


@pytest.mark.slow
def test_it_names_the_levels_that_the_model_can_t_tell_apart(published: Path) -> None:
    store = VersionStore(published, "boston")
    signature, card = store.signature(1), store.card(1)
    flats = replace(signature, inputs=(FLATS.inputs[1], *signature.inputs[1:]), interval=None)
    card["data"]["merged"] = {"district": ["Rödelheim", "Bornheim"]}
    text = model_card(read_spec(Path("train/boston.toml")), flats, {**card, "interval": None})
    assert (
        "\n\n`district`: too few training rows have Rödelheim, Bornheim; to the model, these are elsewhere.\n\n" in text
    )


@pytest.mark.slow
def test_it_says_which_shortcuts_many_rows_took(published: Path) -> None:
    store, spec = VersionStore(published, "boston"), read_spec(Path("train/boston.toml"))
    card = store.card(1)
    few = model_card(spec, store.signature(1), card)
    many = model_card(spec, store.signature(1), {**card, "fold_rows": 100_000, "histogram_boosting": True})
    assert "drawn at random, RMSE" not in few
    assert "| gradient boosting |" in few
    assert "In 5-fold cross-validation of 100000 rows, drawn at random, RMSE is" in many
    assert "| gradient boosting on histograms |" in many
