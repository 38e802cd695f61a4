"""Numbers as people type them: read where there is one way to read them, else refused with the ways there are."""

from __future__ import annotations

import pytest

from app.codecs.typed_number import parse_typed
from csv_dialect import DialectError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("6", 6),
        (" 6.5 ", 6.5),
        ("6,5", 6.5),
        (",5", 0.5),
        ("0,234", 0.234),
        ("1.234", 1.234),  # a point alone is decimal, as in JSON
        ("1e3", 1000),
        ("\u22125,25", -5.25),
        ("1 234", 1234),
        ("1 234,5", 1234.5),
        ("1 234,567", 1234.567),
        ("12 345 678.9", 12345678.9),
        ("1\u00a0234,5", 1234.5),
        ("1\u2009234", 1234),
        ("-1\u202f234", -1234),
        ("1'234.5", 1234.5),
        ("1\u2019234", 1234),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1.234.567,25", 1234567.25),
        ("1,234,", "1,234,"),
    ],
)
def test_a_number_is_read_where_there_is_one_way_to_read_it(text: str, number: float | str) -> None:
    assert parse_typed(text) == number


@pytest.mark.parametrize(
    "text", ["", "six", "1 23", "12 34", "1234 567", "0 234", "1,23,456", "1.2.3", "6 5", "nan", "1_000", "٣"]
)
def test_what_is_no_number_stays_a_text(text: str) -> None:
    assert parse_typed(text) == text


@pytest.mark.parametrize("text", ["1,234", "-12,345", "999,000"])
def test_a_comma_that_may_part_thousands_is_refused_with_both_readings(text: str) -> None:
    error = parse_typed(text)
    assert isinstance(error, DialectError)
    assert text.replace(",", ".") in str(error)
    assert text.replace(",", "") in str(error)
