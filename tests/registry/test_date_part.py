"""Dates and their parts: the numbers that stand for a date, which texts are one, and what messages call a part."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import DATE_PARTS, DatePart, SignatureError, is_date_format, parse_date, parts_of
from registry.date_part import date_of_days


@pytest.mark.parametrize(
    ("day", "parts"),
    [
        (date(1970, 1, 1), (1970, 1, 1, 3, 0)),
        (date(2024, 2, 29), (2024, 2, 29, 3, 19782)),
        (date(1969, 12, 31), (1969, 12, 31, 2, -1)),
        (date.min, (1, 1, 1, 0, -719162)),
        (date.max, (9999, 12, 31, 4, 2932896)),
    ],
)
def test_a_date_has_five_parts(day: date, parts: tuple[float, ...]) -> None:
    assert tuple(parts_of(day).items()) == tuple(zip(DATE_PARTS, parts, strict=True))


@given(st.dates())
def test_the_days_of_a_date_say_which_it_is(day: date) -> None:
    days = parts_of(day)["days"]
    assert date_of_days(days) == day
    assert days == (day - date(1970, 1, 1)) / timedelta(days=1)


def test_the_ends_of_a_range_are_dates_within_it() -> None:
    days = DatePart("Sold", "%Y-%m-%d", "days")
    assert days.name_range((7304.5, 22000.5)) == ("1990-01-01", "2030-03-27")
    assert replace(days, part="year").name_range((2009.5, 2020)) == ("2010", "2020")


def test_days_that_no_calendar_has_are_no_date() -> None:
    assert date_of_days(-1e7) is date_of_days(1e30) is None


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("29.02.2024", "%d.%m.%Y", date(2024, 2, 29)),
        ("29.02.2023", "%d.%m.%Y", None),
        ("1.3.2024", "%d.%m.%Y", date(2024, 3, 1)),
        ("31/12/68", "%d/%m/%y", date(2068, 12, 31)),
        ("31/12/69", "%d/%m/%y", date(1969, 12, 31)),
        ("2024-02", "%Y-%m", date(2024, 2, 1)),
        ("2024-02-29 23:59", "%Y-%m-%d %H:%M", date(2024, 2, 29)),
        ("2024-02-29T23:59-0500", "%Y-%m-%dT%H:%M%z", date(2024, 2, 29)),
        ("soon", "%Y", None),
        ("", "%Y", None),
    ],
)
def test_a_text_is_a_date_in_its_format_or_none(text: str, form: str, day: date | None) -> None:
    assert parse_date(text, form) == day


@pytest.mark.parametrize(
    ("form", "known"), [("%d.%m.%Y", True), ("%Y", True), ("%d", True), ("%Q", False), ("%", False)]
)
def test_a_format_is_one_of_strptime(form: str, known: bool) -> None:
    assert is_date_format(form) == known


@pytest.mark.parametrize("form", ["", "x", "%%", "%H:%M", "%A"])
def test_a_format_that_says_nothing_of_the_date_is_none(form: str) -> None:
    assert not is_date_format(form)


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("year", 2010, "the year 2010"),
        ("month", 2, "the month 2"),
        ("day", 31, "the day 31"),
        ("weekday", 6, "Sunday"),
        ("weekday", 7, "7"),
        ("days", 19782, "2024-02-29"),
        ("days", 1e9, "1000000000"),
    ],
)
def test_a_message_calls_a_part_what_people_call_it(part: str, value: float, words: str) -> None:
    assert DatePart("sold", "%Y-%m-%d", part).describe(value) == words


def test_a_part_or_a_format_that_is_unknown_is_refused() -> None:
    with pytest.raises(SignatureError, match="expected one of year, month, day, weekday, days, not 'hour'"):
        DatePart("sold", "%Y", "hour").check()
    with pytest.raises(SignatureError, match="expected a format of Python's strptime, like '%Y-%m-%d', not '%Q'"):
        DatePart("sold", "%Q", "year").check()
