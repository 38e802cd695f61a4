"""Numbers as people write them: read where there is one reading, refused with both where there are two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codecs.decimal_comma import AmbiguousNumber, parse_decimal, parse_decimal_comma


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("6,5", 6.5), ("-6,5", -6.5), (",5", 0.5), ("12,34", 12.34), ("0,234", 0.234), ("1234,567", 1234.567),
        ("1.234", 1.234), ("6.5e3", 6500), (" 6,5\n", 6.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5),
        ("1.234.567", 1234567), ("1,234,567", 1234567), ("1,234,567.8", 1234567.8), ("1.234.567,8", 1234567.8),
        ("1 234", 1234), ("1 234,567", 1234.567), ("1 234.567", 1234.567), ("1\u00a0234,5", 1234.5),
        ("1\u202f234\u202f567,8", 1234567.8), ("1'234.5", 1234.5), ("1\u2019234,5", 1234.5),
    ],
)  # fmt: skip
def test_a_number_with_one_reading_is_read(text: str, number: float) -> None:
    assert parse_decimal_comma(text) == number


@pytest.mark.parametrize(
    ("text", "comma", "thousands"),
    [("1,234", "1.234", "1234"), ("-12,000", "-12.000", "-12000"), ("999,999", "999.999", "999999")],
)
def test_a_number_with_two_readings_is_refused_with_both(text: str, comma: str, thousands: str) -> None:
    refused = parse_decimal_comma(text)
    assert isinstance(refused, AmbiguousNumber)
    assert refused.problem == f"{text} may mean {comma} or {thousands}: write the one that you mean"


@pytest.mark.parametrize(
    "text",
    ["", ",", "1,23,456", "1.23.456", "1 23", "1, 5", "1,234,", "1 234.567.890", "1\u202f234 567", "0 123", "6,5e3",
     "\u0666,\u0665", "6,5 rooms", "1" * 200_000 + "x", "1" + ",234" * 50_000 + "x"],
)  # fmt: skip
def test_a_text_that_is_no_number_stays_the_text(text: str) -> None:
    assert parse_decimal_comma(text) == text
    assert not isinstance(parse_decimal_comma(text), AmbiguousNumber)


@given(st.floats(0, 1e15, allow_nan=False) | st.integers(0, 10**15), st.sampled_from(["", " ", "\u202f", "'", "."]))
def test_a_number_in_the_other_notation_is_that_number_or_refused(number: float, thousands: str) -> None:
    text = f"{number:,.4f}".translate(str.maketrans({",": thousands, ".": ","}))
    assert parse_decimal_comma(text) == parse_decimal(f"{number:.4f}")
