"""Figures along time: a value for each part of it, in order, and below the axis the days.

``days`` says of each part on which day it is, as 2026-11-20; parts of one day stand beside each other. A value of None
leaves a gap. The vertical axis begins at zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from markupsafe import Markup

from charts.frame import Frame
from charts.scale import extent, rounded, width
from charts.svg import course, dots, figure, label, path, place, stroke

_RIGHT, _BASE = 356, 164
_LINE_HEIGHT = 15
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MOST_NAMED = 7  # days below the axis
_MOST_LARGE = 31  # rings of the full size

Values = Sequence[float | None]


def bars_by_day(
    name: str, title: str, description: str, unit: str, values: Sequence[float], days: Sequence[str]
) -> Markup:
    """Return counts along time, as one area of bars."""
    frame = _frame(values, len(values))
    tops = "".join(f"V{place(frame.y(value))}H{place(frame.x(i + 0.5))}" for i, value in enumerate(values))
    area = path("now", f"M{place(frame.x.first)} {_BASE}{tops}V{_BASE}Z" if values else "")
    return _figure(name, title, description, frame, unit, days, [area])


def lines_by_day(
    name: str, title: str, description: str, unit: str, series: Mapping[str, Values], days: Sequence[str]
) -> Markup:
    """Return one or two lines along time, each with its name at its end; the second one is dashed."""
    count = max(map(len, series.values()), default=0)
    frame = _frame([value for values in series.values() for value in values], count, max(map(width, series), default=0))
    parts, ends = [], []
    for kind, (text, values) in zip(("line", "line ref"), series.items(), strict=False):
        points = _points(frame, values)
        parts.append(path(kind, course(points)))
        ends += [(known[-1][1], text) for known in [[point for point in points if point]] if known]
    lowest = -math.inf
    for y, text in sorted(ends):  # names that would meet are moved apart
        lowest = max(y + 4, lowest + _LINE_HEIGHT)
        parts.append(label(frame.x.last + 5, lowest, text, "name"))
    return _figure(name, title, description, frame, unit, days, parts)


def points_by_day(
    name: str,
    title: str,
    description: str,
    unit: str,
    points: tuple[Values, Values, Values],
    days: Sequence[str],
    *,
    expected: tuple[float, float] | None = None,
) -> Markup:
    """Return values along time with their intervals, over the band that was expected; – where there is none.

    Args:
        points: the values, and the lower and the upper ends of their intervals.
    """
    values, lows, highs = points
    drawn = [high for value, high in zip(values, highs, strict=True) if value is not None]
    frame = _frame([*values, *drawn, *(expected or ())], len(values))
    behind = ""
    if expected and all(map(math.isfinite, expected)):
        low, high = (place(frame.y(end)) for end in expected)
        left, right = place(frame.x.first), place(frame.x.last)
        behind = path("band", f"M{left} {high}H{right}V{low}H{left}Z")
    places = _points(frame, values)
    ends = zip(places, _points(frame, lows), _points(frame, highs), strict=True)
    whiskers = "".join(stroke(*low, *high) for point, low, high in ends if point and low and high)
    parts = [path("line", course(places)), path("whisker", whiskers)]
    parts.append(dots("point", filter(None, places), 5 if len(values) <= _MOST_LARGE else 2.5))
    parts += [label(frame.x(i), _BASE - 8, "–", "m") for i, point in enumerate(places) if point is None]
    return _figure(name, title, description, frame, unit, days, parts, behind)


def _frame(values: Values, count: int, beside: float = 0) -> Frame:
    top = extent([0.0], values)[1] if any(values) else 1.0
    return Frame.around((-0.5, max(count, 1) - 0.5), rounded(0.0, top), _RIGHT - beside, _BASE)


def _points(frame: Frame, values: Values) -> list[tuple[float, float] | None]:
    known = (value if value is not None and math.isfinite(value) else None for value in values)
    return [None if value is None else (frame.x(i), frame.y(value)) for i, value in enumerate(known)]


def _figure(
    name: str,
    title: str,
    description: str,
    frame: Frame,
    unit: str,
    days: Sequence[str],
    parts: Sequence[str],
    behind: str = "",
) -> Markup:
    below = _day_names(frame, days)
    return figure(name, title, description, 190, [behind, frame.grid(), frame.name(unit), *parts, frame.axis(), below])


def _day_names(frame: Frame, days: Sequence[str]) -> str:
    """Return the names of at most seven days, each below the middle of its parts; a month with the first of it."""
    runs, first = [], 0
    for day, run in groupby(days):
        last = first + sum(1 for _ in run) - 1
        runs.append((day, (frame.x(first) + frame.x(last)) / 2))
        first = last + 1
    shown = runs[:: math.ceil(len(runs) / _MOST_NAMED) or 1]
    before = [""] + [day for day, _ in shown]
    return "".join(
        label(x, _BASE + 18, _day_name(day, day[:7] != earlier[:7]), "m")
        for (day, x), earlier in zip(shown, before, strict=False)
    )


def _day_name(day: str, with_month: bool) -> str:
    known = date.fromisoformat(day)
    return f"{known.day} {_MONTHS[known.month - 1]}" if with_month else str(known.day)
