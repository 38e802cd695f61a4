"""A column of dates as a client's file has it: what may be sent in place of the inputs that are parts of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from registry.date_part import date_of_days, parse_date, parts_of
from registry.input import Input

# ISO 8601, also with a time of day and a zone, as programs write what was a date.
_TIME = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?( ?(Z|[+-][0-9]{2}:?([0-9]{2})?))?"
_ISO_DATE = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}({_TIME})?")
_PROBE = date(2001, 2, 3)  # its day could be a month


@dataclass(frozen=True)
class DateColumn:
    """The dates of which some inputs are parts.

    Attributes:
        name: of the column, as clients send it.
        format: how the file writes the dates, as :func:`datetime.strptime` names it.
        positions: of the inputs, ascending.
        parts: the part that each of them is.
        example: a typical date.
        no_value: the texts and numbers that mean that the date is missing; none if one of the inputs may not be
            missing.
    """

    name: str
    format: str
    positions: tuple[int, ...]
    parts: tuple[str, ...]
    example: date
    no_value: frozenset[str | float]

    @property
    def is_optional(self) -> bool:
        """Whether all of the inputs may be missing."""
        return bool(self.no_value)

    @cached_property
    def takes_iso(self) -> bool:
        """Whether 2010-05-31 may be sent too: if the format names a whole day, and can't read this in another way."""
        is_whole = parse_date(self.format_date(_PROBE), self.format) == _PROBE
        return is_whole and parse_date(_PROBE.isoformat(), self.format) in (None, _PROBE)

    @cached_property
    def takes_numbers(self) -> bool:
        """Whether a number may be a date, as 20100531 is: only where no zero in front of it can be lost."""
        return self.format.startswith("%Y") and self.format_date(self.example).isdecimal()

    @property
    def expected(self) -> str:
        """What a client should send, in words."""
        written = self.format_date(self.example)
        other = self.example.isoformat()
        return f"a date like {written}" + (f" or {other}" if self.takes_iso and other != written else "")

    def parse(self, text: str) -> tuple[float, ...] | None:
        """Return the parts of a date, in the order of ``parts``; None if the text is none."""
        day = self.find_date(text)
        if day is None:
            return None
        known = parts_of(day)
        return tuple([known[part] for part in self.parts])

    def find_date(self, text: str) -> date | None:
        """Return the date of a text, as the file writes dates, else by ISO 8601; None if it is none.

        A time of day and its zone count for nothing: the date is that which is written.
        """
        day = parse_date(text, self.format)
        if day is None and self.takes_iso and _ISO_DATE.fullmatch(text):
            with suppress(ValueError):  # as for 2010-02-30
                return date.fromisoformat(text[:10])
        return day

    def format_date(self, day: date) -> str:
        """Return a date as the file writes it."""
        return day.strftime(self.format.replace("%Y", f"{day.year:04}"))  # strftime writes the year 999 in 3 figures


def date_columns(inputs: Sequence[Input]) -> tuple[DateColumn, ...]:
    """Return the columns of dates that inputs are parts of, in the order in which they begin."""
    positions: dict[str, list[int]] = {}
    parts = [item.date for item in inputs]
    for position, part in enumerate(parts):
        if part:
            positions.setdefault(part.column, []).append(position)
    columns = []
    for name, places in positions.items():
        known = [(part, inputs[place]) for place in places if (part := parts[place])]
        typical = {part.part: item.example for part, item in known if not item.is_missing(item.example)}
        kinds = tuple(part.part for part, _ in known)
        no_value = frozenset.intersection(*(item.no_value for _, item in known))
        columns.append(DateColumn(name, known[0][0].format, tuple(places), kinds, _typical(typical), no_value))
    return tuple(columns)


def _typical(parts: Mapping[str, float]) -> date:
    """Return a date that has these parts, as far as they say one."""
    day = date_of_days(parts["days"]) if "days" in parts else None
    if day is not None:
        return day
    try:
        return date(int(parts.get("year", 2001)), int(parts.get("month", 2)), min(int(parts.get("day", 3)), 28))
    except ValueError:  # limits that no calendar has
        return _PROBE
