"""The files of a data set: what is in them, and that they are whole or not there."""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.retraining.champion import Champion
from monitor.retraining.dataset import describe, write_dataset
from monitor.retraining.golden import Golden
from monitor.retraining.selection import select
from registry import Input, Missing, Output, Signature, Version
from registry.predictor import Float32Array
from tests.conftest import FLATS

SIGNATURE = Signature(
    model="m",
    title="M",
    inputs=(Input("size", "Size", "m", (), (0, 100), (1, 50), 5), Input("zone", "Zone", "", (), (0, 9), (0, 9), 1)),
    output=Output("price", "Price", "$", (0, 1000)),
)
SPEC = {"model": "m", "data": {"file": "old.csv", "sha256": "0"}, "judge": {"folds": 2, "slices": ["Size, m", "year"]}}
GOLDEN = Golden(1, "a" * 64, np.zeros((1, 2), dtype=np.float32), np.zeros(1), SIGNATURE)


class Constant:
    """A model that predicts 20 for each row."""

    def predict(self, rows: Float32Array) -> Float32Array:
        return np.full(len(rows), 20, dtype=np.float32)


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    """Write 700 old rows and 100 truths; the data have another name for an input, and for the label."""
    old = pd.DataFrame({"Size, m": np.arange(700) / 7, "zone": 1.0, "cost": 21.5})
    champion = Champion(Version(1, "", SIGNATURE, Constant()), SPEC, "0", ("Size, m", "zone", "cost"), old)
    joined = pd.DataFrame(
        {
            "time": pd.date_range("2026-11-20", periods=100, freq="h"),
            "request_id": [f"r{number}" for number in range(100)],
            "row": 0,
            "role": "champion",
            "size": np.full(100, 6.32, dtype=np.float32),
            "zone": np.float32(2),
            "actual": 20.1,
            "source": ["=cmd|calc, now", *(f"s{number}" for number in range(59)), *["loud"] * 40],
            "client": [f"c{number}" for number in range(100)],
            "corrects": 0,
        }
    )
    joined.loc[0, "role"] = "canary"
    predict = champion.version.predictor.predict
    chosen = select(joined, SIGNATURE.names, predict, (0, 1000), GOLDEN.keys, len(old))
    return write_dataset(tmp_path, champion, GOLDEN, chosen, {"since": "2026-11-20"})


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_rows_have_the_columns_of_the_data_and_say_where_they_come_from(
    written: dict[str, Any], tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "dataset.csv")
    counts = written["rows"]
    assert (counts["old"], len(rows)) == (700, 700 + counts["feedback"])
    assert list(rows[0].values()) == ["0.0", "1.0", "21.5", "no", "", "", ""]
    last = rows[-1]
    assert (last["Size, m"], last["zone"], last["cost"], last["from_feedback"]) == ("6.32", "2.0", "20.1", "yes")
    assert (last["feedback_request_id"][0], last["feedback_row"], last["feedback_source"] != "") == ("r", "0", True)
    assert sum(counts.values()) == 700 + 100
    for name, sha256 in written["sha256"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sha256
    assert json.loads((tmp_path / "dataset.json").read_text()) == written


def test_the_quarantine_is_safe_to_open_in_a_spreadsheet(written: dict[str, Any], tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "quarantine.csv")
    assert len(rows) == written["rows"]["quarantine"]
    assert [row["source"] for row in rows if row["request_id"] == "r0"] == ["'=cmd|calc, now"]
    assert (rows[0]["reason"], rows[-1]["reason"]) == ("not answered by the champion", "cap of the source")


def test_the_spec_is_the_champions_over_the_new_rows(written: dict[str, Any], tmp_path: Path) -> None:
    spec = tomllib.loads((tmp_path / "spec.toml").read_text())
    assert spec["data"] == {"file": "dataset.csv", "sha256": written["sha256"]["dataset.csv"]}
    assert spec["judge"] == {"folds": 2, "slices": ["Size, m", "from_feedback"]}
    assert written["slices_left_out"] == ["year"]


def test_the_summary_names_who_is_over_the_cap(written: dict[str, Any], tmp_path: Path) -> None:
    loud = written["sources"][0]
    assert (loud["name"], loud["truths"]) == ("loud", 40)
    assert loud["used"] + loud["held_out"] + loud["capped"] == 40
    assert loud["used"] <= written["caps"]["rows_each"] == 7
    said = describe(written, tmp_path)
    assert f"source 'loud': of 40 truths, 0 are put aside for a person, and {loud['capped']} are over the cap" in said
    assert "not judged by slices of year" in said


TEXTS = ("elsewhere", "Nordend, West", 'the "old" town', "=1+1", "two\nlines")
DISTRICT = replace(
    FLATS.inputs[1], levels=TEXTS, categories=(0, 1, 2, 3, 4), limits=(0, 4), training=(0, 4), aliases=("Stadtteil",)
)
ROOMS = replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=("NA", "-99.9")))  # the file had decimal commas
CITY = replace(FLATS, inputs=(ROOMS, DISTRICT, FLATS.inputs[2]))
INPUTS = [{"name": "rooms"}, {"name": "district", "column": "Stadtteil", "categories": [*TEXTS[1:]], "other": TEXTS[0]}]


def test_texts_and_gaps_are_in_the_rows_as_the_data_had_them(tmp_path: Path) -> None:
    columns = ("rooms", "Stadtteil", "balcony", "rent")
    old = pd.DataFrame(
        {
            "rooms": [4.0, np.nan] * 350,
            "Stadtteil": np.array(["Bockenheim", TEXTS[1]] * 350, dtype=object),
            "balcony": np.array(["with", np.nan] * 350, dtype=object),
            "rent": 21.5,
        }
    )
    data = {"file": "old.csv", "separator": ";", "missing": ["NA", "0", "no", ""]}
    spec = {**SPEC, "model": "flats", "inputs": INPUTS, "data": data}
    champion = Champion(Version(1, "", CITY, Constant()), spec, "0", columns, old)
    rows = np.array([[2.1, 0, 1], [-13, 1, 2], [3, 2, 0], [4, 3, 1], [5, 4, 0]], dtype=np.float32)
    joined = pd.DataFrame(np.tile(rows, (20, 1)), columns=list(CITY.names)).assign(
        time=pd.date_range("2026-11-20", periods=100, freq="h"),
        request_id=[f"r{number}" for number in range(100)],
        row=0,
        role=["champion"] * 99 + ["canary"],
        actual=20.1,
        source=[f"s{number}" for number in range(100)],
        client=[f"c{number}" for number in range(100)],
        corrects=0,
    )
    predict, golden = champion.version.predictor.predict, replace(GOLDEN, signature=CITY)
    chosen = select(joined, CITY.names, predict, (0, 1000), frozenset(), len(old))
    write_dataset(tmp_path, champion, golden, chosen, {"since": "2026-11-20"})

    lines = rows_of(tmp_path / "dataset.csv")
    assert [list(line.values())[:3] for line in lines[:2]] == [["4.0", "Bockenheim", "with"], ["", TEXTS[1], ""]]
    told = [list(line.values()) for line in lines[700:]]
    assert {tuple(line[:3]) for line in told} == {
        ("2.1", "elsewhere", "with"),
        ("", "Nordend, West", ""),
        ("3.0", 'the "old" town', "without"),
        ("4.0", "=1+1", "with"),
        ("5.0", "two\nlines", "without"),
    }
    parsed = {tuple(map(Input.parse, CITY.inputs, line[:3])) for line in told}
    np.testing.assert_array_equal(np.array(sorted(parsed), dtype=np.float32), np.array(sorted(map(tuple, rows))))
    written = tomllib.loads((tmp_path / "spec.toml").read_text())
    assert written["inputs"] == INPUTS
    assert written["data"]["missing"] == ["NA", "0", "no", "", "-99.9"]  # clients may still send them
    assert {line["from_feedback"] for line in lines} == {"(no)", "yes"}
    assert "separator" not in written["data"]
    # A person opens these two: they are as safe as the logs.
    assert rows_of(tmp_path / "quarantine.csv")[0]["district"] == "two\\nlines"
    assert "'=1+1" in {line["district"] for line in rows_of(tmp_path / "holdout.csv")}
    assert {line["rooms"] for line in rows_of(tmp_path / "holdout.csv")} == {"2.1", "", "3.0", "4.0", "5.0"}
