"""Columns of a CSV file: which cells are numbers, texts and missing, and which are errors."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from train.dataset.csv_columns import Column
from train.dataset.csv_table import Table, read_csv
from train.errors import TrainError
from train.spec.csv_format import CsvFormat

NUMBERS, TEXTS, ANY = Column("numbers"), Column("texts"), Column("any")
OPTIONAL_NUMBERS, OPTIONAL_TEXTS = Column("numbers", optional=True), Column("texts", optional=True)


def read(folder: Path, cells: list[str], column: Column, form: CsvFormat | None = None) -> Table:
    """Read a column of its own, beside one of texts."""
    path = folder / "data.csv"
    path.write_text("a;note\n" + "".join(f'"{cell}";x\n' for cell in cells), encoding="utf-8")
    return read_csv(path, form or CsvFormat(separator=";"), {"a": column})


def form(decimal: str = "", *missing: str) -> CsvFormat:
    return CsvFormat(separator=";", decimal=decimal, missing=missing)


@pytest.mark.parametrize(
    ("cells", "given", "values"),
    [
        (["1", " -2.5 ", "1e3", "+.5"], form(), [1, -2.5, 1000, 0.5]),
        (["1", "-2,5", "1,5e3", "2"], form(","), [1, -2.5, 1500, 2]),
        (["1,234", "5"], form(","), [1.234, 5]),
        (["1.234", "5"], form(), [1.234, 5]),
    ],
)
def test_numbers_are_read(tmp_path: Path, cells: list[str], given: CsvFormat, values: list[float]) -> None:
    for column in (NUMBERS, OPTIONAL_NUMBERS, ANY):
        np.testing.assert_array_equal(read(tmp_path, cells, column, given).frame["a"], values)


@pytest.mark.parametrize(
    ("cells", "given", "values"),
    [
        (["1", "", "  ", "2"], form(), [1, math.nan, math.nan, 2]),
        (["", "1", "NA"], form("", "NA"), [math.nan, 1, math.nan]),
        (["-999", "1,5", "-99,9"], form(",", "-999"), [math.nan, 1.5, -99.9]),
        (["1,5", "-99,9", "?"], form(",", "-99,9", "?"), [1.5, math.nan, math.nan]),
        (["-999.0", "1", "-9.99e2", "-998"], form("", "-999"), [math.nan, 1, math.nan, -998]),
        (["-99,90", "1", "?"], form(",", "-99,9", "?"), [math.nan, 1, math.nan]),
        (["1000", "1_000"], form("", "1_000"), [1000, math.nan]),
        (["NaN", "1"], form("", "NaN"), [math.nan, 1]),
        (["", ""], form(), [math.nan, math.nan]),
    ],
)
def test_numbers_may_be_missing(tmp_path: Path, cells: list[str], given: CsvFormat, values: list[float]) -> None:
    np.testing.assert_array_equal(read(tmp_path, cells, OPTIONAL_NUMBERS, given).frame["a"], values)


def test_texts_are_read_without_the_spaces_around_them(tmp_path: Path) -> None:
    table = read(tmp_path, ["b", " a ", "b ", "", "n/a"], OPTIONAL_TEXTS, form("", "n/a"))
    assert table.frame["a"].isna().tolist() == [False, False, False, True, True]
    assert table.frame["a"].tolist()[:3] == ["b", "a", "b"]
    assert list(table.frame["a"].cat.categories) == ["b", "a"]
    assert list(table.lines) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("cells", "column", "given", "named"),
    [
        (["1", "x"], NUMBERS, form(), "line 3, column a: expected a number, not 'x'; correct"),
        (["1", "x"], OPTIONAL_NUMBERS, form(), "line 3, column a: expected a number, not 'x'; correct"),
        (
            ["1", ""],
            NUMBERS,
            form(),
            "line 3, column a: expected a number, not ''; correct them or remove the rows, or set missing where",
        ),
        (["", "NA"], OPTIONAL_NUMBERS, form(), "line 3, column a: expected a number, not 'NA'"),
        (["1", "nan"], OPTIONAL_NUMBERS, form("", "NaN"), "line 3, column a: expected a number, not 'nan'"),
        (["1", "inf"], OPTIONAL_NUMBERS, form(), "line 3, column a: expected a number, not 'inf'"),
        (["1", "1_0"], OPTIONAL_NUMBERS, form(), "line 3, column a: expected a number, not '1_0'"),
        (["1", "-999"], NUMBERS, form("", "-999"), "column a: expected a number, not '-999', which means no value"),
        (
            ["1", "-999.0"],
            NUMBERS,
            form("", "-999"),
            "column a: expected a number, not '-999.0', which means no",
        ),
        (["1", "1,5"], NUMBERS, form(), 'line 3, column a: "1,5" has a ",", but the decimals of this file have a "."'),
        (["1", "1.5"], NUMBERS, form(","), 'line 3, column a: "1.5" has a ".", but the decimals of this file have'),
        (["1", "1.5"], OPTIONAL_NUMBERS, form(","), 'line 3, column a: "1.5" has a "."'),
        (["a", ""], TEXTS, form(), "line 3, column a: expected a text, not ''"),
        (["a", " NA", ""], TEXTS, form("", "NA"), "line 3, column a: expected a text, not ' NA'; such cells: 2 in a"),
        (["1", "x"], ANY, form(), "line 3, column a: expected a number, not 'x'"),
        (["1", ""], ANY, form(), "line 3, column a: expected a number, not ''"),
        (["1,5", "1"], ANY, form(), 'line 2, column a: "1,5" has a ","'),
    ],
)
def test_a_cell_that_a_column_can_t_have_is_an_error(
    tmp_path: Path, cells: list[str], column: Column, given: CsvFormat, named: str
) -> None:
    with pytest.raises(TrainError) as error:
        read(tmp_path, cells, column, given)
    assert f"data.csv, {named}" in str(error.value) or named in str(error.value)


def test_the_first_value_says_what_a_column_of_either_kind_holds(tmp_path: Path) -> None:
    before = ["NA"] * 5000  # more than are read at a time
    numbers = read(tmp_path, [*before, "1", "NA"], ANY, form("", "NA")).frame["a"]
    assert (numbers.dtype, len(numbers), numbers[5000], numbers.isna().sum()) == (np.float64, 5002, 1, 5001)
    texts = read(tmp_path, [*before, "x", "1"], ANY, form("", "NA")).frame["a"]
    assert isinstance(texts.dtype, pd.CategoricalDtype)
    assert (texts.tolist()[5000:], texts.isna().sum()) == (["x", "1"], 5000)
    assert read(tmp_path, ["", ""], ANY).frame["a"].isna().all()
    with pytest.raises(TrainError, match="line 2, column a: expected a number, not ''; such cells: 5000 in a; correct"):
        read(tmp_path, [""] * 5000 + ["1"], ANY)


def test_errors_far_apart_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    cells = ["1"] * 20_000
    cells[9_999] = cells[19_999] = "x"
    with pytest.raises(TrainError, match="line 10001, column a: expected a number, not 'x'; such cells: 2 in a"):
        read(tmp_path, cells, NUMBERS)


@pytest.mark.parametrize(
    ("content", "given", "named"),
    [
        ("b;c\n1;2\n", form(), "data.csv: has no column 'a'; its header, parted by ';', names ['b', 'c']"),
        ("a;a\n1;2\n", form(), "data.csv: has more than one column 'a'; its header, parted by ';', names ['a', 'a']"),
        ("1;2\n", CsvFormat(separator=";", columns=("b", "c")), "has no column 'a'; data.columns in the spec names"),
        (";".join(map(str, range(100_000))), form(), "'49'] and more"),
        ("", form(), "has no column 'a'"),
    ],
)
def test_a_column_that_is_not_there_once_is_an_error(
    tmp_path: Path, content: str, given: CsvFormat, named: str
) -> None:
    (tmp_path / "data.csv").write_text(content)
    with pytest.raises(TrainError) as error:
        read_csv(tmp_path / "data.csv", given, {"a": NUMBERS})
    assert named in str(error.value)
    assert len(str(error.value)) < 1000
