"""The data: which cells are accepted, and what is refused with its line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from registry import Signature
from tests.train.small import SPEC, csv, rows, write_small
from train.card import signature
from train.data import Data, load
from train.errors import TrainError
from train.spec import read_spec


def loaded(folder: Path, spec: str = SPEC, data: str | bytes | None = None) -> Data:
    return load(read_spec(write_small(folder, spec, data)))


def test_every_row_is_either_trained_or_tested_on(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    assert sorted([*data.train, *data.test]) == list(range(60))
    assert list(data.test) == list(train_test_split(np.arange(60), test_size=0.2, random_state=1)[1])
    assert sorted(np.concatenate([unseen for _, unseen in data.folds])) == list(range(60))


@pytest.mark.parametrize(
    "write",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n") + "\n\n",
        lambda text: text.replace("width", '"width"', 1),
        lambda text: text.replace(",kind", ", kind", 1),
        lambda text: "\n".join(f"{line},words" for line in text.splitlines()).replace("words", "note", 1),
    ],
    ids=["byte order mark", "CRLF", "blank lines", "quotes", "spaces", "a column of words that nobody uses"],
)
def test_usual_csv_reads_the_same(tmp_path: Path, write: Callable[[str], str | bytes]) -> None:
    np.testing.assert_array_equal(
        loaded(tmp_path, data=write(csv(rows()))).inputs, loaded(tmp_path, data=csv(rows())).inputs
    )


@pytest.mark.parametrize(
    ("line", "column", "cell", "named"),
    [
        (2, "width", "", "line 2, column width: expected a number, not ''"),
        (7, "width", "NaN", "line 7, column width: expected a number, not 'NaN'"),
        (7, "width", "-inf", "line 7, column width: expected a number"),
        (7, "width", "1e999", "line 7, column width: expected a number"),
        (7, "width", "1_0", "line 7, column width: expected a number, not '1_0'"),
        (7, "year", "x", "line 7, column year: expected a number, not 'x'"),
        (61, "price", "?", "line 61, column price: expected a number"),
        (9, "width", "10.5", "line 9, column width: 10.5 is outside the limits -10 to 10"),
        (9, "kind", "2", "line 9, column kind: 2 is outside the categories 0, 1, 5"),
        (9, "price", "1001", "line 9, column price: 1001 is outside the plausible -1000 to 1000"),
        (9, "width", "1,2", "line 9: has 5 fields, and the first line 4"),
        (9, "width", '"1', "line 61: not CSV"),
    ],
)
def test_a_bad_cell_is_refused_with_its_line_and_column(
    tmp_path: Path, line: int, column: str, cell: str, named: str
) -> None:
    table = rows()
    table[line - 1][table[0].index(column)] = cell
    with pytest.raises(TrainError) as refusal:
        loaded(tmp_path, data=csv(table))
    assert f"{tmp_path / 'small.csv'}, {named}" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_lines_are_counted_behind_blank_lines_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    table = [[*row, "note"] for row in rows()]
    table[3][4] = '"two\nlines"'
    table[4][0] = "bad"
    with pytest.raises(TrainError, match="line 7, column width"):
        loaded(tmp_path, data=csv(table[:2]) + "\n" + csv(table[2:]))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("", "has no column 'width'"),
        (csv(rows()).replace(",", ";"), "has no column 'width'; its first line, parted by commas, names"),
        (csv(rows()).replace("year", "width", 1), "has twice the column 'width'"),
        (csv(rows()[:2]), "has 1 rows; a training needs at least 30"),
        (b"width,year,kind,price\n\xff,1,1,1\n", "line 2: not UTF-8"),
        (csv([rows()[0], *(["3", *row[1:]] for row in rows()[1:])]), "column width is the same in every training row"),
        (csv([rows()[0], *([*row[:3], "3"] for row in rows()[1:])]), "column price is the same in every training row"),
        (csv([row for row in rows() if row[2] != "5"] * 2), "column kind never has the category 5"),
    ],
    ids=["empty", "semicolons", "twice", "one row", "encoding", "constant input", "constant label", "unseen category"],
)
def test_data_that_nothing_can_be_learnt_from_is_refused(tmp_path: Path, data: str | bytes, named: str) -> None:
    if not isinstance(data, bytes) and named.startswith("column kind"):
        head, *body = data.splitlines()
        data = "\n".join([head, *(line for line in body if line != head)]) + "\n"
    with pytest.raises(TrainError) as refusal:
        loaded(tmp_path, data=data)
    assert named in str(refusal.value)


def test_data_that_was_changed_is_refused_with_both_sums(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    with spec.data.open("a") as file:
        file.write("\n")
    with pytest.raises(TrainError, match=f"data.sha256 in .* says {spec.data_sha256}"):
        load(spec)


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    spec.data.unlink()
    with pytest.raises(TrainError, match="small.csv: can't be read .*see data.file"):
        load(spec)


def test_the_signature_holds_what_the_training_rows_say(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    data = load(spec)
    found = signature(spec, data)
    width = data.inputs[data.train, 0]
    assert found.inputs[0].training == (width.min(), width.max())
    assert found.inputs[0].example == np.median(width)
    assert found.inputs[1].example in (0, 1, 5)
    assert Signature.from_json(found.to_json()) == found


def test_a_name_that_clients_could_not_use_is_refused_with_the_spec(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path, SPEC.replace('unit = "m"', 'unit = "m"\naliases = ["kind"]')))
    with pytest.raises(TrainError, match="small.toml: input kind: the name 'kind' is taken"):
        signature(spec, load(spec))
