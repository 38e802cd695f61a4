"""Columns that the person names: the label, and those that stay though they would be left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.train.init.helpers import write
from train.__main__ import main
from train.dataset import load_dataset
from train.errors import TrainError
from train.init.command import look, parser
from train.init.spec_writer import UNDECIDED, format_spec
from train.spec import read_spec

RANDOM = np.random.default_rng(3)
ROWS = 200
LAND, HOUSE = RANDOM.uniform(20, 90, ROWS), RANDOM.uniform(100, 300, ROWS)
COLUMNS = {
    "price": [f"{land + house:.2f}" for land, house in zip(LAND, HOUSE, strict=True)],
    "land": [f"{value:.2f}" for value in LAND],
    "house": [f"{value:.2f}" for value in HOUSE],
    "size": [f"{value + RANDOM.normal(0, 50):.1f}" for value in HOUSE],
    "number": [str(row) for row in range(ROWS)],
    "street_id": [f"street {row}" if row % 3 else "High Street" for row in range(ROWS)],
    "address": [f"house {row}" for row in range(ROWS)],
    "town": ["Bern"] * ROWS,
    "rarely": ["1"] * 3 + ["0"] * (ROWS - 3),
    "area": ["" if row % 2 else f"{row} m²" for row in range(ROWS)],
    "built": ["2001-02-03"] * (ROWS - 2) + ["2001-02-04"] * 2,
}
COLUMNS["-lot"] = COLUMNS["land"]  # looks like an option
COLUMNS["size in feet"] = [f"{float(size) * 10:.0f}" for size in COLUMNS["size"]]
# What only a row without a label has.
UNLABELLED = {"cancelled on": "2024-05-06", "reason": "fire", "days left": "3"}


def looked(folder: Path, *arguments: str) -> tuple[list[str], str]:
    """Return the columns of the inputs that a training reads, and what `init` says."""
    path, spec = folder / "houses.csv", folder / "spec.toml"
    table = {**COLUMNS, **{name: [""] * ROWS for name in UNLABELLED}}
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    rows += [
        [{**UNLABELLED, "number": str(number)}.get(name, "") for name in table] for number in range(ROWS, ROWS + 9)
    ]
    path.write_text(write(rows))
    options = parser().parse_args([str(path), "--label", "price", "--out", str(spec), *arguments])
    draft, _, summary = look(options, lambda *_: None)
    spec.write_text(format_spec(draft, UNDECIDED))
    read = read_spec(spec)
    load_dataset(read)
    return [item.column for item in read.inputs], " ".join("\n".join(summary).split())


def test_a_column_that_could_be_an_input_is_told_with_the_option_that_keeps_it(tmp_path: Path) -> None:
    inputs, said = looked(tmp_path)
    assert inputs == ["size"]
    assert "together with house it adds up to it; --keep land keeps it" in said
    assert "size times a constant, plus a constant; --keep 'size in feet' keeps it" in said
    for name in ("house", "number", "street_id", "rarely"):
        assert f"; --keep {name} keeps it" in said
    assert "; --keep=-lot keeps it" in said
    for name in ("address", "town", "area", "built", *UNLABELLED):
        assert f"--keep {name}" not in said


def test_what_the_person_keeps_becomes_an_input(tmp_path: Path) -> None:
    kept = ["land", "house", "size in feet", "number", "street_id", "rarely", "size"]
    inputs, said = looked(tmp_path, *(f"--keep={name}" for name in [*kept, "-lot"]))
    assert sorted(inputs) == sorted([*kept, "-lot"])
    assert "house" in said.partition("warning:")[2]  # a leak that is kept is still told


def test_of_two_columns_that_tell_the_same_the_kept_one_stays(tmp_path: Path) -> None:
    inputs, said = looked(tmp_path, "--keep", "size in feet")
    assert inputs == ["size in feet"]
    assert "it is size in feet times a constant" in said


def test_a_text_that_differs_in_the_test_rows_only_is_left_out_and_can_t_be_kept(tmp_path: Path) -> None:
    common = [row % 9 == 0 for row in range(60)]  # 7 rows, of which fewer than 5 train
    table = {
        "size": [f"{row * 37 % 101}.5" for row in range(60)],
        "town": ["Bern" if known else f"town {row}" for row, known in enumerate(common)],
        "price": [f"{row * 37 % 101 + row * row % 61}" for row in range(60)],
    }
    path = tmp_path / "houses.csv"
    path.write_text(write([list(table), *map(list, zip(*table.values(), strict=True))]))
    arguments = [str(path), "--label", "price"]
    draft, _, summary = look(parser().parse_args(arguments), lambda *_: None)
    assert [item.column.name for item in draft.inputs] == ["size"]
    reason = "it has the same value in every training row after min_rows has merged its rare categories"
    assert draft.left_out["town"] == reason
    assert f"left out: {reason}" in " ".join("\n".join(summary).split())
    with pytest.raises(TrainError, match=f"--keep town: {reason}; take --keep town away"):
        look(parser().parse_args([*arguments, "--keep", "town"]), lambda *_: None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("adress", "--keep adress: {path}: has no column 'adress'; was 'address' meant?"),
        ("price", "--keep price: it is the label, which is no input"),
        ("address", "{path}: --keep address: it can't be an input: none of its texts is in 5 rows or more"),
        ("town", "{path}: --keep town: it can't be an input: it is constant"),
        ("area", "{path}: --keep area: it can't be an input: its numbers have a unit behind them, m²"),
        *((name, f"{{path}}: --keep {name}: it can't be an input: it ") for name in ("cancelled on", "days left")),
        ("reason", "{path}: --keep reason: it can't be an input: none of its texts is in 5 rows or more"),
        ("built", "{path}: --keep built: it can't be an input: it is a date whose parts do not differ enough"),
    ],
)
def test_what_can_be_no_input_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    with pytest.raises(TrainError) as error:
        looked(tmp_path, "--keep", name)
    path = tmp_path / "houses.csv"
    assert reason.format(path=path) in str(error.value)
    assert main(["init", str(path), "--label", "price", "--keep", name], {}) == 1
    assert f"--keep {name}" in capsys.readouterr().err
    assert [found.name for found in tmp_path.iterdir()] == ["houses.csv"]
