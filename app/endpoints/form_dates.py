"""The field of the form for a column of dates: one date in place of the inputs that are its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from registry import DateColumn, Input
from registry.date_part import date_of_days

_MONTHS = "%Y-%m"  # as a browser sends a month


@dataclass(frozen=True, slots=True)
class DateField:
    """A date as the form shows it.

    Attributes:
        key: what the ids of the field end with: the first of the inputs.
        name: of the column, as it is sent.
        kind: of what the browser shows: ``date`` or ``month``, if that sends what is accepted, else ``text``.
        text: what was typed, as the browser takes it; it takes no text that is no date.
        problem: why it is refused; empty if it is not.
        is_beyond: whether it is accepted, but outside of what the model was trained on.
        example: a date as it may be typed.
        limits, training: the first and the last date that is accepted, and that the training rows have, as the browser
            writes them; empty if the parts don't say so.
        is_optional: whether it may be left empty.
        choices: none, as of a number.
    """

    key: str
    name: str
    kind: str
    text: str
    problem: str
    is_beyond: bool
    example: str
    limits: tuple[str, str] | None
    training: tuple[str, str] | None
    is_optional: bool
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the field is called: as the client's file has it."""
        return self.name


def typed_date(column: DateColumn, day: date) -> str:
    """Return a date as the field of a form has it."""
    return day.isoformat() if column.takes_iso else column.format_date(day)


def make_date_field(column: DateColumn, inputs: Sequence[Input], text: str, problem: str) -> DateField:
    """Return the field of a column of dates.

    Args:
        inputs: its parts.
    """
    parts, day = column.parse(text.strip()), column.find_date(text.strip())
    is_beyond = parts is not None and any(
        not item.training[0] <= part <= item.training[1] for item, part in zip(inputs, parts, strict=True)
    )
    kind = "date" if column.takes_iso else "month" if column.format == _MONTHS else "text"
    return DateField(
        inputs[0].name,
        column.name,
        kind,
        typed_date(column, day) if day else text if kind == "text" else "",
        problem,
        is_beyond and not problem,
        typed_date(column, column.example),
        _ends(kind, inputs, "limits"),
        _ends(kind, inputs, "training"),
        column.is_optional,
    )


def _ends(kind: str, inputs: Sequence[Input], which: str) -> tuple[str, str] | None:
    """Return the first and the last date of a range, as the field has dates; None if the parts don't say it."""
    ranges = {item.date.part: getattr(item, which) for item in inputs if item.date}
    ends: list[tuple[date, date]] = []
    if "days" in ranges:
        low, high = ranges["days"]
        first, last = date_of_days(math.ceil(low)), date_of_days(math.floor(high))
        ends += [(first, last)] if first and last else []
    low, high = ranges.get("year", (0, 0))
    if date.min.year <= low <= high <= date.max.year:
        ends.append((date(math.ceil(low), 1, 1), date(math.floor(high), 12, 31)))
    if not ends or kind == "text":
        return None
    length = len("2010-05-31" if kind == "date" else "2010-05")
    return max(first for first, _ in ends).isoformat()[:length], min(last for _, last in ends).isoformat()[:length]
