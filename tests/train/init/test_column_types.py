"""Types of columns, and what is left out because it can't be read in one way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.train.init.helpers import column, columns
from train.init.column_types import read_table
from train.spec.csv_format import CsvFormat


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2"], "number"),
        (["1", "", "NA", "?"], "number"),
        (["red", "blue", ""], "text"),
        (["yes", "no", "yes"], "boolean"),
        (["FALSE", "TRUE"], "boolean"),
        (["Ja", "nein"], "boolean"),
        (["да", "нет", "да"], "boolean"),
        (["yes", "no", "perhaps"], "text"),
        (["2024-01-31", "", "2023-12-01"], "date"),
        ([f"202401{day}" for day in range(10, 32)], "date"),
        ([f"202401{day}" for day in range(10, 33)], "number"),
        (["20240131", "20240201"], "number"),
        (["4 doors", "2 doors"], "text"),
        (["01234", "98765"], "text"),
        (["3", "4", "5 or more"], "text"),
        (["", "NA"], "empty"),
    ],
)
def test_a_column_has_the_type_of_its_cells(cells: Sequence[str], kind: str) -> None:
    found = column("x", cells)
    assert found.kind == kind
    assert bool(found.left_out) == (kind == "empty")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([*map(str, range(40)), "12 or so"], "it holds numbers, but '12 or so' on line 42"),
        ([f"{number} km" for number in range(40)], "a unit behind them, km, as in '0 km'"),
        (
            [*(f"2024-03-{day:02d}" for day in range(1, 29)), "28.03.2024"],
            "it holds dates, but '28.03.2024' on line 30 is none, or is written in another way",
        ),
        (
            [*(f"03/{day:02d}/2024" for day in range(1, 29)), "in spring"],
            "it holds dates, but 'in spring' on line 30 is none",
        ),
        (["$1", "$2"], "signs around them, such as '$1': write the number alone, here 1"),
        (["$1,234.50", "$2"], "write the number alone, here 1234.50"),
        (["$1,234,567", "$2"], "write the number alone, here 1234567"),
        (["$1,234,56", "$2"], "such as '$1,234,56': write the number alone|"),
        (["$1,23.45", "$2"], "such as '$1,23.45': write the number alone|"),
        (["(1.234,50 €)", "2 €"], "write the number alone, here -1234.50"),
        (["$1,234", "$2"], "such as '$1,234': write the number alone|"),
        (["12 %", "13 %"], "signs around them"),
        (["1,234,567", "1"], "marks between thousands, such as '1,234,567': write them without, here 1234567"),
        (["1 234", "1 235"], "marks between thousands"),
        (["1.234", "950"], "may be a decimal or thousands"),
        (["1,234", "950"], "may be a decimal or thousands"),
        (["01/02/2024", "03/04/2024"], "may have the day or the month first"),
        (["1e300", "2"], "too large"),
        (["1e999", "2"], "too large"),
    ],
)
def test_a_column_that_can_be_read_in_two_ways_is_left_out(cells: Sequence[str], reason: str) -> None:
    assert reason in f"{column('x', cells).left_out}|"


def test_the_decimals_of_one_column_tell_those_of_the_others() -> None:
    read = columns({"a": ["1,5", "2,25"], "b": ["1.234", "5"], "c": ["1.5", "2"], "d": ["7,5", "8"]}, ";")
    np.testing.assert_array_equal(read[0].values, [1.5, 2.25])
    assert "may be a decimal or thousands" in read[1].left_out
    assert read[2].left_out


def test_a_word_for_a_missing_number_means_the_same_among_texts() -> None:
    number, text = columns({"n": ["1", "None", "3"], "t": ["None", "x", "y"]})
    assert np.isnan(number.values[1])
    assert dict(text.levels) == {"x": 1, "y": 1}
    assert dict(column("t", ["None", "x", "y"]).levels) == {"None": 1, "x": 1, "y": 1}


def test_columns_without_a_name_or_with_the_same_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(",a,a,b\n1,2,3,4\n5,6,7,8\n")
    table = read_table(path, CsvFormat(separator=","))
    assert [bool(read.left_out) for read in table.columns] == [True, True, True, False]
    assert "2 columns have this name" in table.columns[1].left_out


def test_rows_that_are_dropped_leave_a_trace_where_values_were_missing() -> None:
    found = column("x", ["1", "", "3"])
    found.keep(np.array([True, False, True]))
    assert found.is_optional
    assert not found.is_missing.any()
    np.testing.assert_array_equal(found.values, [1, 3])
