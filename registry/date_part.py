"""The part of a date that an input is: the one rule that turns a date into numbers, in training and in the service."""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from registry.errors import SignatureError
from registry.formatting import plain

DATE_PARTS = ("year", "month", "day", "weekday", "days")

_EPOCH = date(1970, 1, 1).toordinal()
_OF_NOTHING = date(1900, 1, 1)  # what strptime reads without a year, a month and a day
_KEYS = ("column", "format", "part")


@dataclass(frozen=True, slots=True)
class DatePart:
    """Where an input's number comes from if a client sends a date as its file has it.

    Attributes:
        column: the name of the dates in the file, and in requests.
        format: how the file writes them, as :func:`datetime.strptime` names it.
        part: one of :data:`DATE_PARTS`.
    """

    column: str
    format: str
    part: str

    def describe(self, value: float) -> str:
        """Return what a value of the part is called: "the year 2010", "Monday", "2010-05-31"."""
        word = self.name(value)
        return word if self.part in ("weekday", "days") else f"the {self.part} {word}"

    def name(self, value: float) -> str:
        """Return a value of the part alone: "2010", "Monday", "2010-05-31"."""
        if self.part == "weekday" and value in range(7):
            return calendar.day_name[int(value)]
        day = date_of_days(value) if self.part == "days" else None
        return plain(value) if day is None else day.isoformat()

    def name_range(self, ends: tuple[float, float]) -> tuple[str, str]:
        """Return the first and the last value of the part in a range: all are whole numbers."""
        low, high = ends
        return self.name(float(math.ceil(low))), self.name(float(math.floor(high)))

    def to_json(self) -> dict[str, str]:
        """Return the member of an input in signature.json."""
        return {key: getattr(self, key) for key in _KEYS}

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> DatePart:
        """Return the part that a member of signature.json describes.

        Raises:
            KeyError, TypeError: naming what is missing.
        """
        return cls(*(str(item[key]) for key in _KEYS))

    def check(self) -> None:
        """Check that the part and the format are known.

        Raises:
            SignatureError: naming what is wrong.
        """
        if self.part not in DATE_PARTS:
            raise SignatureError(f"date: expected one of {', '.join(DATE_PARTS)}, not {self.part!r}")
        if not is_date_format(self.format):
            raise SignatureError(f"date: expected a format of Python's strptime, like '%Y-%m-%d', not {self.format!r}")


def parts_of(day: date) -> dict[str, float]:
    """Return the parts of a date that an input may be: the weekday from 0 for Monday, the days since 1970-01-01."""
    return {
        "year": float(day.year),
        "month": float(day.month),
        "day": float(day.day),
        "weekday": float(day.weekday()),
        "days": float(day.toordinal() - _EPOCH),
    }


def parse_date(text: str, form: str) -> date | None:
    """Return the date of a text in a format of strptime, None if it has none; without a time of day and its zone."""
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007  (a date of a file has no zone)
    except ValueError:
        return None


def is_date_format(form: str) -> bool:
    """Return whether strptime knows a format, and reads a year, a month or a day with it: else all are the same."""
    try:
        found = parse_date(datetime(2001, 2, 3, 4, 5, 6).strftime(form), form)  # noqa: DTZ001  (as above)
        return found not in (None, _OF_NOTHING)
    except ValueError:
        return False


def date_of_days(days: float) -> date | None:
    """Return the date so many days after 1970-01-01; None if no calendar has it."""
    ordinal = days + _EPOCH
    return date.fromordinal(int(ordinal)) if date.min.toordinal() <= ordinal <= date.max.toordinal() else None
