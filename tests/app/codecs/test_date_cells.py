"""The cells of a column of dates: the parts that each becomes, at once and one by one, and what is said of the rest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from app.codecs.date_cells import DateCells
from registry import Signature
from tests.dated import OPEN_SALES, SALES, with_format


def cells_of(signature: Signature) -> DateCells:
    (column,) = signature.dates
    return DateCells(column, signature.inputs)


NEEDED, OPTIONAL, AS_NUMBERS = cells_of(SALES), cells_of(OPEN_SALES), cells_of(with_format("%Y%m%d"))


@pytest.mark.parametrize(
    ("cells", "cell", "parts"),
    [
        (NEEDED, "29.02.2024", (2024, 19782)),
        (NEEDED, " 2024-02-29\t", (2024, 19782)),
        (AS_NUMBERS, "20240229", (2024, 19782)),
        (AS_NUMBERS, 20240229, (2024, 19782)),
        (AS_NUMBERS, 20240229.0, (2024, 19782)),
    ],
)
def test_a_date_becomes_its_parts(cells: DateCells, cell: Any, parts: tuple[float, ...]) -> None:
    assert cells.read(cell) == (parts, "")
    column = cells.read_column([cell, cell])
    assert column is not None
    assert column.tolist() == [list(parts)] * 2


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_nothing_is_a_missing_date_only_if_all_its_parts_may_be_missing(cell: str | None) -> None:
    parts, message = OPTIONAL.read(cell)
    assert (len(parts), all(map(math.isnan, parts)), message) == (2, True, "")
    column = OPTIONAL.read_column(["29.02.2024", cell])
    assert column is not None
    assert math.isnan(column[1, 0])
    assert column[0, 0] == 2024
    assert NEEDED.read(cell)[1] == "is missing"
    assert NEEDED.read_column(["29.02.2024", cell]) is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("30.02.2024", 'the text "30.02.2024"'),
        ("soon", 'the text "soon"'),
        ("2" * 100_000, f'the text "{"2" * 39}…"'),
        (20240229.0, "a number"),
        (math.nan, "a number"),
        (True, "true"),
        (["29.02.2024"], "a list"),
        ({}, "an object"),
    ],
)
def test_what_is_no_date_is_told_in_words_that_people_know(cell: Any, said: str) -> None:
    parts, message = NEEDED.read(cell)
    assert all(map(math.isnan, parts))
    assert message == f"expected a date like 19.06.2012 or 2012-06-19, not {said}"
    assert NEEDED.read_column(["29.02.2024", cell]) is None
    assert OPTIONAL.read(cell)[1] == message
    assert AS_NUMBERS.read(math.inf)[1].endswith("not a number")


@pytest.mark.parametrize("cell", ["NA", " NA\t", "-999", -999, -999.0])
def test_a_word_of_the_data_for_no_value_is_a_missing_date_if_all_its_parts_have_it(cell: Any) -> None:
    rooms, *parts = OPEN_SALES.inputs
    worded = [replace(part, missing=replace(part.missing, texts=("NA", "-999"))) for part in parts if part.missing]
    found, message = cells_of(replace(OPEN_SALES, inputs=(rooms, *worded))).read(cell)
    assert (all(map(math.isnan, found)), message) == (True, "")
    assert "expected a date" in cells_of(replace(OPEN_SALES, inputs=(rooms, worded[0], parts[1]))).read(cell)[1]
    assert "expected a date" in NEEDED.read(cell)[1]
