"""The training rows of a champion whose inputs are texts, parts of dates, or may be missing; and a spec over them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.retraining.champion import FROM_FEEDBACK, Champion, load_champion
from monitor.retraining.dataset import write_dataset
from monitor.retraining.golden import Golden, load_golden
from monitor.retraining.selection import select
from registry import DatePart, Signature, VersionStore
from tests.conftest import LINEAR, write_version
from tests.registry.conftest import ANN
from train import metadata
from train.dataset import Dataset, load_dataset
from train.spec import read_spec
from train.spec.toml_writer import format_toml

LEVELS = ("Nordend, West", 'the "old" town', "=1+1", "rare")
SPEC: Mapping[str, Any] = {
    "model": "flats",
    "title": "Rent of flats",
    "seed": 1,
    "inputs": [
        {"name": "rooms", "column": "Rooms", "label": "Rooms", "limits": [1, 20], "missing": "median"},
        {
            "name": "district",
            "column": "Stadtteil",
            "label": "District",
            "categories": list(LEVELS),
            "other": "elsewhere",
            "min_rows": 20,
        },
        {
            "name": "year",
            "column": "Sold",
            "label": "Year",
            "date": "year",
            "date_format": "%d.%m.%Y",
            "limits": [1990, 2040],
        },
    ],
    "label": {"column": "rent", "label": "Rent", "plausible": [-1000, 1000]},
    "split": {"test": 0.2},
    "fit": {"architecture": "linear", "steps": 10, "learning_rate": 0.1},
    "judge": {"folds": 5, "bootstrap": 100},
    "gates": {"parity": 1, "test_vs_mean": 1, "test_vs_least_squares": 2, "worst_slice": 10},
}


@pytest.fixture
def published(tmp_path: Path) -> tuple[VersionStore, Path]:
    """A version whose card names a file of 400 rows with semicolons, and that file."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "Rooms": [f"{number},5" if number < 9 else "" for number in random.integers(1, 10, 400)],
            "Stadtteil": random.choice([*LEVELS, "Bockenheim"], 400, p=[0.4, 0.3, 0.2, 0.02, 0.08]),
            "Sold": [f"01.{1 + number % 12:02}.{2000 + number % 20}" for number in range(400)],
            "rent": [f"{value:.3f}".replace(".", ",") for value in random.uniform(5, 25, 400)],
        }
    )
    file = tmp_path / "flats.csv"
    table.to_csv(file, sep=";", index=False)
    store = VersionStore(tmp_path / "models", "flats")
    publish_from(store, file, {"separator": ";", "decimal": ","})
    return store, file


def publish_from(store: VersionStore, file: Path, form: Mapping[str, str], slices: Sequence[str] = ()) -> None:
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    data = {"file": file.name, "sha256": sha256, **form}
    content = {**SPEC, "data": data, "judge": {**SPEC["judge"], "slices": list(slices)}}
    path = file.with_suffix(".toml")
    path.write_text(format_toml(content))
    spec, data, signature = described(path)
    card = {
        "spec": {"content": content},
        "data": {"sha256": sha256},
        "split": {"test_rows_sha256": metadata.test_rows_digest(data)},
    }
    with store.staging() as folder:
        write_version(folder, signature, LINEAR, card=card)
        metadata.write_rows(spec, signature, data, folder)
        store.publish(folder, ANN)


def described(path: Path) -> tuple[Any, Dataset, Signature]:
    spec = read_spec(path)
    data = load_dataset(spec)
    return spec, data, metadata.build_signature(spec, data)


def opened(store: VersionStore, file: Path) -> tuple[Champion, Golden]:
    golden = load_golden(store)
    return load_champion(store, golden, file.parent / "none", file), golden


def test_the_old_rows_are_the_cells_of_the_file_with_a_column_for_each_input(
    published: tuple[VersionStore, Path],
) -> None:
    store, file = published
    champion, golden = opened(store, file)
    assert champion.columns == ("Rooms", "Stadtteil", "year", "rent")
    # Merged levels are one level to the model, so a few rows have the inputs of a golden one.
    assert 390 < len(champion.old_rows) + len(golden.rows) < 400
    assert set(champion.old_rows["Stadtteil"]) == {
        *LEVELS,
        "Bockenheim",
    }  # also those that were merged
    assert 20 < champion.old_rows["Rooms"].isna().sum() < 80
    assert champion.old_rows["year"].between(2000, 2019).all()
    (rooms, district, year) = champion.spec["inputs"]
    assert (rooms, district) == tuple(SPEC["inputs"][:2])
    assert (year["column"], year["date_column"], year["date"]) == ("year", "Sold", "year")


def test_of_the_rows_of_a_retrained_champion_the_truths_are_chosen_anew(
    published: tuple[VersionStore, Path],
) -> None:
    _, file = published
    table = pd.read_csv(file, sep=";", dtype=str).assign(**{FROM_FEEDBACK: ["no", *["yes"] * 3] * 100})
    retrained = file.with_name("retrained.csv")
    table.to_csv(retrained, sep=";", index=False)
    store = VersionStore(file.with_name("others"), "flats")
    publish_from(store, retrained, {"separator": ";", "decimal": ","}, [FROM_FEEDBACK])
    champion, golden = opened(store, retrained)
    assert 90 - len(golden.rows) < len(champion.old_rows) <= 100


def test_a_training_reads_the_data_set_as_the_champion_was_trained(
    published: tuple[VersionStore, Path], tmp_path: Path
) -> None:
    store, file = published
    champion, golden = opened(store, file)
    signature = champion.version.signature
    rows = np.array([[2.5, 1, 2003], [3, 2, 2004], [4, 0, 2005]], dtype=np.float32)
    assert signature.inputs[0].missing is not None
    rows[1, 0] = signature.inputs[0].missing.value
    joined = pd.DataFrame(np.tile(rows, (20, 1)), columns=list(signature.names)).assign(
        time=pd.date_range("2026-11-20", periods=60, freq="h"),
        request_id=[f"r{number}" for number in range(60)],
        row=0,
        role="champion",
        actual=lambda table: champion.version.predictor.predict(table[list(signature.names)].to_numpy(np.float32)),
        source=[f"s{number}" for number in range(60)],
        client=[f"c{number}" for number in range(60)],
        corrects=0,
    )
    keys, old = golden.encoded(signature).keys, len(champion.old_rows)
    chosen = select(joined, signature.names, champion.version.predictor.predict, (-1000, 1000), keys, old)
    folder = tmp_path / "dataset"
    folder.mkdir()
    summary = write_dataset(folder, champion, golden, chosen, {})
    assert summary["rows"]["feedback"] > 40
    spec, data, again = described(folder / "spec.toml")
    assert [item.levels for item in again.inputs] == [item.levels for item in signature.inputs]
    assert again.names == signature.names
    assert again.inputs[2].date == signature.inputs[2].date == DatePart("Sold", "%d.%m.%Y", "year")
    told = data.inputs[data.columns[FROM_FEEDBACK].to_numpy() == "yes"].astype(np.float32)
    assert {tuple(row) for row in told.tolist()} == {tuple(row) for row in rows.tolist()}
    assert tomllib.loads((folder / "spec.toml").read_text())["data"] == {
        "file": "dataset.csv",
        "sha256": summary["sha256"]["dataset.csv"],
    }
    assert json.loads((folder / "dataset.json").read_text()) == summary
    assert spec.inputs[1].min_rows == 20
