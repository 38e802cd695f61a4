"""Columns of dates: which texts are a date there, also as programs write one, and what a message suggests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import DateColumn, parts_of
from registry.date_column import date_columns
from tests.conftest import HOUSES
from tests.dated import OPEN_SALES, SALES, SOLD, with_format


def column(form: str) -> DateColumn:
    (found,) = with_format(form).dates
    return found


def test_inputs_of_one_column_are_its_parts_and_others_have_none() -> None:
    (found,) = SALES.dates
    assert (found.name, found.positions, found.parts, found.is_optional) == (SOLD, (1, 2), ("year", "days"), False)
    assert date_columns(OPEN_SALES.inputs)[0].is_optional
    assert HOUSES.dates == ()


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("%d.%m.%Y", "29.02.2024", date(2024, 2, 29)),
        ("%d.%m.%Y", "2024-02-29", date(2024, 2, 29)),
        ("%d.%m.%Y", "2023-02-29", None),
        ("%d.%m.%Y", "2024-02-29T23:30:00.000+01:00", date(2024, 2, 29)),
        ("%d.%m.%Y", "2024-02-29 23:30Z", date(2024, 2, 29)),
        ("%d.%m.%Y", "2024-02-29T25:30", None),
        ("%d.%m.%Y", "2024-02-29T", None),
        ("%d.%m.%Y", "20240229", None),
        ("%d.%m.%Y", "2024-W09-4", None),
        ("%d.%m.%Y", "0001-01-01", date.min),
        ("%d.%m.%Y", "9999-12-31", date.max),
        ("%d.%m.%y", "29.02.24", date(2024, 2, 29)),
        ("%d.%m.%y", "29.02.2024", None),
        ("%d.%m.%y", "1924-02-29", date(1924, 2, 29)),
        ("%Y-%m-%d %H:%M", "2024-02-29", date(2024, 2, 29)),
        ("%Y%m%d", "2024-02-29", date(2024, 2, 29)),
        # A month has no day that could be read, and here the month comes last: 2024-02-03 could be the 2nd of March.
        ("%Y-%m", "2024-02-29", None),
        ("%Y-%d-%m", "2024-29-02", date(2024, 2, 29)),
        ("%Y-%d-%m", "2024-02-29", None),
        ("%m/%d/%Y", "02/29/2024", date(2024, 2, 29)),
        ("%m/%d/%Y", "29/02/2024", None),
    ],
)
def test_a_text_is_read_as_the_file_writes_dates_or_by_iso_8601(form: str, text: str, day: date | None) -> None:
    parts = parts_of(day) if day else None
    assert column(form).parse(text) == (parts and (parts["year"], parts["days"]))


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d", "%Y%m%d", "%d %b %Y", "%Y-%m-%d %H:%M"])
@given(day=st.dates())
def test_every_date_is_read_as_the_file_and_as_programs_write_it(form: str, day: date) -> None:
    dates = column(form)
    assert dates.parse(dates.format_date(day)) == dates.parse(day.isoformat()) is not None


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%Y-%m-%d", "a date like 2012-06-19"),
        ("%d.%m.%Y", "a date like 19.06.2012 or 2012-06-19"),
        ("%B %d, %Y", "a date like June 19, 2012 or 2012-06-19"),
        ("%Y-%m", "a date like 2012-06"),
    ],
)
def test_a_message_shows_a_date_in_place_of_a_format(form: str, expected: str) -> None:
    assert column(form).expected == expected


def test_a_number_is_a_date_only_where_no_zero_before_it_can_be_lost() -> None:
    assert [column(form).takes_numbers for form in ("%Y%m%d", "%Y", "%d%m%Y", "%Y-%m-%d")] == [True, True, False, False]


def test_the_typical_date_comes_from_the_parts_that_are_there() -> None:
    rooms, year, days = SALES.inputs
    assert date_columns([days])[0].example == date(2012, 6, 19)
    assert date_columns([rooms, year])[0].example.year == 2012
    month = replace(year, example=11, date=replace(year.date, part="month"))  # type: ignore[type-var]  # it has one
    assert date_columns([year, month])[0].example.timetuple()[:2] == (2012, 11)
    unknown = replace(OPEN_SALES.inputs[2], example=-10957)  # missing in most rows
    assert date_columns([year, unknown])[0].example.year == 2012
    assert date_columns([replace(year, example=0)])[0].example == date(2001, 2, 3)
