"""The text of a spec: TOML that reads back as it was meant, whatever the columns are called."""

from __future__ import annotations

import tomllib

from tests.train.init.helpers import column
from train.init.inputs import PlannedInput
from train.init.limits import Limits
from train.init.spec_writer import Choice, Draft, format_spec
from train.spec.csv_format import CsvFormat

CHOICE = Choice({"architecture": "ridge", "penalty": 1.0}, {"parity": 1e-5, "test_vs_mean": 0.9}, ["of 5 networks"])


def draft(name: str = "size", reason: str = "it is constant") -> Draft:
    content = {"name": "a", "column": name, "label": "A", "limits": [0, 9], "example": 2.5}
    return Draft(
        model="houses",
        title="Price",
        seed=42,
        file="houses.csv",
        sha256="0" * 64,
        form=CsvFormat(encoding="utf-8", separator=";", decimal=",", missing=("NA",)),
        inputs=[PlannedInput(column("size", ["1", "2"]), content, {"limits": "data: 1 to 8"})],
        label_column="price",
        label_name="price",
        label_title="Price",
        plausible=Limits(-10, 40, "data: 5 to 25"),
        rows=100,
        unlabelled=3,
        left_out={"id": reason},
        strong={"size": 0.87},
        notes=["a note " * 40],
    )


def test_a_spec_reads_back_as_it_was_meant() -> None:
    text = format_spec(draft(), CHOICE)
    assert tomllib.loads(text) == {
        "model": "houses",
        "title": "Price",
        "seed": 42,
        "data": {
            "file": "houses.csv",
            "sha256": "0" * 64,
            "encoding": "utf-8",
            "separator": ";",
            "decimal": ",",
            "missing": ["NA"],
        },
        "inputs": [{"name": "a", "column": "size", "label": "A", "limits": [0, 9], "example": 2.5}],
        "label": {"column": "price", "label": "Price", "plausible": [-10, 40], "missing": "drop"},
        "split": {"test": 0.2},
        "fit": {"architecture": "ridge", "penalty": 1.0},
        "judge": {"folds": 5, "bootstrap": 1000},
        "gates": {"parity": 1e-5, "test_vs_mean": 0.9},
    }


def test_comments_say_why() -> None:
    text = format_spec(draft(), CHOICE)
    assert "limits = [0, 9]  # data: 1 to 8\n" in text
    assert "#   id: it is constant\n" in text
    assert "#   size: 87%\n" in text
    assert "[fit]\n# of 5 networks\n" in text
    assert max(map(len, text.splitlines())) <= 120


def test_names_of_columns_can_not_break_out_of_comments_and_strings() -> None:
    evil = 'x"]\n[gates]\nparity = 9 \\ \x07'
    content = tomllib.loads(format_spec(draft(evil, f"a copy of {evil}"), CHOICE))
    assert content["inputs"][0]["column"] == evil
    assert content["gates"]["parity"] == 1e-5
