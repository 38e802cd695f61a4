"""The cells of one input: which value stands for what a client sends, and what is said of the rest."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codecs.cells import CellReader, make_reader
from app.codecs.csv_reader import decode_csv
from app.codecs.json_decoder import JsonDecoder
from app.codecs.json_strict import ObjectPairs
from csv_dialect import parse_decimal
from registry import Input, Missing
from tests.conftest import FLATS

ROOMS, DISTRICT, BALCONY = map(make_reader, FLATS.inputs)


def category(*levels: str, **more: Any) -> Input:
    """Return an input of texts, whose codes are 1, 2, ..."""
    codes = tuple(range(1, len(levels) + 1))
    ends = (codes[0], codes[-1])
    return Input("zone", "Zone", "", (), ends, ends, 1, categories=codes, levels=levels, **more)


ZIP = make_reader(category("95608", "06130", "1.0", "elsewhere", other=4))
# Words that mean that there is no value; one of them is a number.
FLOOR = make_reader(replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=("NA", "-999"))))
HEATING = make_reader(category("gas", "7", missing=Missing(3, 1, texts=("NA", "-999"))))
STREET = make_reader(category(*(f"Street {number}" for number in range(30)), "Hauptstraße"))


@pytest.mark.parametrize(
    ("reader", "cell", "value"),
    [
        (ROOMS, 4.5, 4.5),
        (DISTRICT, "Höchst", 3),
        (DISTRICT, " Nordend, West\t", 1),
        (BALCONY, "with", 1),
        (BALCONY, True, 1),
        (BALCONY, False, 0),
        (BALCONY, 1.0, 1),
        (BALCONY, -0.0, 0),
        (BALCONY, "TRUE", 1),
        (BALCONY, "no", 0),
        (BALCONY, " 1 ", 1),
        (ZIP, 95608.0, 1),
        (ZIP, "95608", 1),
        (ZIP, 6130.0, 2),
        (ZIP, 1.0, 3),
    ],
)
def test_a_value_has_one_number_and_nothing_is_said_of_it(reader: CellReader, cell: Any, value: float) -> None:
    assert reader.read(cell) == (value, "")
    as_json = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell] * 3
    column = reader.read_column(as_json)
    assert column is not None
    assert (column[0].tolist(), column[1]) == ([value] * 3, {})


@pytest.mark.parametrize("cell", [None, "", "   ", "\u2003"])
@pytest.mark.parametrize("reader", [ROOMS, BALCONY], ids=["number", "boolean"])
def test_nothing_is_a_missing_value_where_one_may_be_missing(reader: CellReader, cell: str | None) -> None:
    value, message = reader.read(cell)
    assert math.isnan(value)
    assert message == ""


@pytest.mark.parametrize("reader", [FLOOR, HEATING], ids=["number", "text"])
@pytest.mark.parametrize("cell", ["NA", " NA\t", "-999"])
def test_a_word_for_no_value_is_a_missing_value(reader: CellReader, cell: str) -> None:
    value, message = reader.read(cell)
    assert math.isnan(value)
    assert message == ""
    for read in (reader.read_column, reader.read_csv_column):
        column = read([cell.strip(), "7", "NA"] if read == reader.read_csv_column else [cell.strip(), None, "NA"])
        assert column is not None
        assert np.isnan(column[0]).tolist() == [True, read != reader.read_csv_column, True]
    assert reader.read("na")[1] != ""


@pytest.mark.parametrize("word", ["-9,999", "-99.9", "1 234", "9,5"])
def test_a_word_is_one_before_it_is_a_number_of_any_notation(word: str) -> None:
    item = replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=(word,)))
    decoder = JsonDecoder(replace(FLATS, inputs=(item,)), 100)
    batch, _ = decoder.decode_form([("rooms", f" {word} ")])
    for text in (f"rooms;a\n{word};b\n2,5;b\n", f'rooms,a\n"{word}",b\n2.5,b\n', f"rooms;a\n{word};1\n2,5;1,5\n"):
        read = decode_csv(text.encode(), decoder)
        assert (read.errors, list(batch.errors)) == ([], [])
        assert np.array_equal(read.values, [[math.nan], [2.5]], equal_nan=True)
    assert np.isnan(batch.values).all()


def test_a_number_among_texts_may_be_a_word_for_no_value_too() -> None:
    assert math.isnan(HEATING.read(-999.0)[0])
    column = HEATING.read_column([-999, 7, None])
    assert column is not None
    assert np.array_equal(column[0], [math.nan, 2, math.nan], equal_nan=True)


def test_true_is_not_taken_for_the_number_of_a_word() -> None:
    reader = make_reader(category("off", "on", boolean=True, missing=Missing(3, 1, texts=("1",))))
    assert reader.read(True) == (2, "")
    assert [math.isnan(reader.read(cell)[0]) for cell in ("1", 1.0)] == [True, True]


@pytest.mark.parametrize("cell", [None, "", "   "])
def test_nothing_is_an_error_where_a_text_is_needed(cell: str | None) -> None:
    value, message = DISTRICT.read(cell)
    assert math.isnan(value)
    assert message == "is missing"
    assert DISTRICT.read_column(["Höchst", cell]) is None


@pytest.mark.parametrize(
    ("reader", "cell", "message"),
    [
        (ROOMS, "four", 'expected a number, not the text "four"'),
        (ROOMS, True, "expected a number, not true"),
        (ROOMS, math.nan, "NaN is not a number to predict from: send null if it is missing"),
        (ROOMS, math.inf, "is too large to be a number here"),
        (DISTRICT, 6.0, "expected a text like 'the \"old\" town', not a number"),
        (DISTRICT, True, "expected a text like 'the \"old\" town', not true"),
        (DISTRICT, ["Höchst"], "expected a text like 'the \"old\" town', not a list"),
        (DISTRICT, ObjectPairs(), "expected a text like 'the \"old\" town', not an object"),
        (BALCONY, "maybe", "'maybe' is not known: expected one of 'without', 'with', true, false"),
        (BALCONY, 2.0, "'2' is not known: expected one of 'without', 'with', true, false"),
        (BALCONY, math.nan, "expected one of 'without', 'with', true, false, not a number"),
        (ZIP, True, "expected a text like '95608', not true"),
        (
            STREET,
            "Street",
            "'Street' is not known: expected one of 'Street 0', 'Street 1', 'Street 2', 'Street 3', 'Street 4', "
            "'Street 5', 'Street 6', 'Street 7' and 23 more; did you mean 'Street 9'?",
        ),
    ],
)
def test_whatever_else_is_an_error_that_says_what_was_expected(reader: CellReader, cell: Any, message: str) -> None:
    value, found = reader.read(cell)
    assert math.isnan(value)
    assert found == message
    assert reader.read_column([cell]) is None


@pytest.mark.parametrize("text", ["HAUPTSTRASSE", "Hauptstrase", "hauptstraße"])
def test_a_text_that_is_like_a_level_is_told_so(text: str) -> None:
    assert STREET.read(text)[1].endswith("; did you mean 'Hauptstraße'?")
    assert "did you mean" not in STREET.read(text, compare=False)[1]


@pytest.mark.parametrize(
    ("reader", "cell", "code", "message"),
    [
        (DISTRICT, "Foo", 0, "'Foo' is not known to this version: taken as 'elsewhere'"),
        (DISTRICT, "=1\n", 0, "'=1' is not known to this version: taken as 'elsewhere'"),
        (DISTRICT, "a\nb\x00", 0, r"'a\nb\x00' is not known to this version: taken as 'elsewhere'"),
        (DISTRICT, "\ud800", 0, r"'\ud800' is not known to this version: taken as 'elsewhere'"),
        (DISTRICT, "x" * 10_000, 0, f"'{'x' * 39}…' is not known to this version: taken as 'elsewhere'"),
        (ZIP, 12345.0, 4, "'12345' is not known to this version: taken as 'elsewhere'"),
        (ZIP, "6130", 4, "'6130' is not known to this version: taken as 'elsewhere'"),
    ],
)
def test_an_unknown_text_is_taken_for_the_level_of_all_others(
    reader: CellReader, cell: Any, code: float, message: str
) -> None:
    assert reader.read(cell) == (code, message)
    known = "Höchst" if reader is DISTRICT else 95608 if isinstance(cell, float) else "95608"
    column = reader.read_column([cell, known, cell])
    assert column is not None
    assert column[1] == {0: message, 2: message}
    assert column[0][[0, 2]].tolist() == [code] * 2


def test_the_levels_of_a_boolean_win_over_what_booleans_are_called_elsewhere() -> None:
    reader = make_reader(category("1", "2", boolean=True))
    assert [reader.read(cell)[0] for cell in ("1", "2", 1.0, 2.0, True, False, "yes", "no")] == [1, 2, 1, 2, 2, 1, 2, 1]


def test_a_number_is_the_level_that_is_written_as_people_write_it_if_two_are_this_number() -> None:
    reader = make_reader(category("1.0", "01", "1"))
    assert [reader.read(cell)[0] for cell in (1.0, "1.0", "01", "1")] == [3, 1, 2, 3]


def test_a_number_is_refused_that_may_be_two_levels() -> None:
    reader = make_reader(category("01", "001", "7"))
    assert [reader.read(cell)[0] for cell in ("01", "001", 7.0)] == [1, 2, 3]
    assert reader.read(1.0)[1] == "'1' is not known: expected one of '01', '001', '7'"
    assert reader.read_column([1]) is None


READERS = ROOMS, DISTRICT, BALCONY, ZIP, STREET, FLOOR, HEATING
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
CSV_CELLS = st.text(max_size=4) | st.sampled_from(["1", " 2.5", "null", "true", "", " ", "with", "NA", " -999"])
CELLS = (
    st.sampled_from([*FLATS.inputs[1].codes, *FLATS.inputs[2].codes, "95608", "06130", " with ", "", " ", None])
    | st.sampled_from(["NA", "-999"])
    | st.text(max_size=5)
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([6130, 95608, -999, 7, 2**64 - 1, 1e300, 0.1])
    | st.lists(st.none(), max_size=1)
)


@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(READERS))
def test_a_column_is_what_its_cells_are(cells: list[Any], reader: CellReader) -> None:
    singly = [reader.read(float(cell) if type(cell) is int else cell) for cell in cells]
    column = reader.read_column(cells)
    if column is None:  # or it is of several kinds
        blank = "" in map(str.strip, map(str, cells))
        irregular = len(set(map(type, cells))) > 1 or (reader in (ROOMS, FLOOR) and blank)
        assert any(math.isnan(value) and message for value, message in singly) or irregular
        return
    assert np.array_equal(column[0], [value for value, _ in singly], equal_nan=True)
    assert column[1] == {row: message for row, (_, message) in enumerate(singly) if message}
    assert not any(math.isnan(value) for value, message in singly if message)


def is_written_unlike_json(cell: str) -> bool:
    """Whether a cell is a number that JSON writes in another way: +1, 01, 1. or .5."""
    number = cell.strip()
    return isinstance(parse_decimal(number), float) and not JSON_NUMBER.fullmatch(number)


@given(st.lists(CSV_CELLS, min_size=1))
def test_a_column_of_a_csv_text_is_what_its_cells_are(cells: list[str]) -> None:
    for reader in READERS:
        singly = [reader.read(reader.parse(cell)) for cell in cells]
        column = reader.read_csv_column(cells)
        if column is None:
            irregular = reader in (ROOMS, FLOOR) and any(map(is_written_unlike_json, cells))
            assert any(message and math.isnan(value) for value, message in singly) or irregular
            continue
        assert np.array_equal(column[0], [value for value, _ in singly], equal_nan=True)
        assert column[1] == {row: message for row, (_, message) in enumerate(singly) if message}


@pytest.mark.parametrize("as_csv", [False, True], ids=["JSON", "CSV"])
def test_of_many_unknown_texts_only_the_first_few_are_compared_with_the_levels(as_csv: bool) -> None:
    """It takes a millisecond for each."""
    decoder = JsonDecoder(replace(FLATS, inputs=(category(*(f"Street {number}" for number in range(1000))),)), 10_000)
    texts = [f"Streat {number}" for number in range(5000)]
    if as_csv:
        batch = decode_csv("\n".join(["zone", *texts]).encode(), decoder)
    else:
        batch, _ = decoder.decode_rows(json.dumps([[text] for text in texts]).encode())
    assert len(batch.errors) > 1000
    assert [row for row, error in enumerate(batch.errors) if "did you mean" in error.message] == [0, 1, 2]
