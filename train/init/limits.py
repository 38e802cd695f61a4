"""Limits of inputs and of the label: what the data hold, a margin, and what such values can't be by nature."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from registry.float32 import FLOAT32_MAX
from train.dataset import Floats
from train.init.plain_numbers import shown_range

MARGIN = 0.5  # of the range of the data, on each side
LABEL_MARGIN = 1.0
_YEARS, _DAYS = 25, 9131  # how far before and after the data dates may be
_DATES = {"month": (1, 12), "day": (1, 31), "weekday": (0, 6)}
_HOURS, _MONTHS, _WEEKDAYS = {(0, 23)}, {(1, 12)}, {(0, 6), (1, 7)}
_CYCLES = {"hour": _HOURS, "hr": _HOURS, "month": _MONTHS, "mnth": _MONTHS, "weekday": _WEEKDAYS, "wday": _WEEKDAYS}
_PLACES = {"latitude": 90, "lat": 90, "longitude": 180, "lon": 180, "lng": 180, "long": 180}


@dataclass(frozen=True, slots=True)
class Limits:
    """The smallest and largest accepted value, and why these."""

    low: float
    high: float
    why: str


def input_limits(name: str, values: Floats) -> Limits:
    """Return the limits of an input.

    Args:
        values: those of the column that are known, (n,).
    """
    low, high = float(values.min()), float(values.max())
    whole = not (values % 1).any()
    if whole and low >= 1500 and high <= 2200 and "year" in name.lower():
        return date_limits("year", values)
    if whole and (low, high) in _CYCLES.get(name.lower(), ()):
        return Limits(low, high, f"data: {shown_range(low, high)}; there are no others")
    place = _PLACES.get(name.lower())
    if place and low >= -place and high <= place:
        return Limits(-place, place, f"degrees; data: {shown_range(low, high)}")
    if low >= 0 and high <= 1 and not whole:
        return Limits(0, 1, f"a share; data: {shown_range(low, high)}")
    if low >= 0 and high <= 100 and (high > 1 or not whole) and re.search(r"pct|percent|%", name, re.IGNORECASE):
        return Limits(0, 100, f"percent; data: {shown_range(low, high)}")
    wide_low, wide_high = _widened(low, high, MARGIN, whole)
    why = f"data: {shown_range(low, high)}; half of that range more on each side"
    if low >= 0 > wide_low:
        return Limits(0, wide_high, f"{why}, but not below 0")
    if high <= 0 < wide_high:
        return Limits(wide_low, 0, f"{why}, but not above 0")
    return Limits(wide_low, wide_high, why)


def date_limits(part: str, values: Floats) -> Limits:
    """Return the limits of a part of a date."""
    low, high = float(values.min()), float(values.max())
    if part in _DATES:
        return Limits(*_DATES[part], f"data: {shown_range(low, high)}")
    margin = _YEARS if part == "year" else _DAYS
    return Limits(low - margin, high + margin, f"data: {shown_range(low, high)}; {_YEARS} years more on each side")


def label_limits(values: Floats) -> Limits:
    """Return the range in which predictions are plausible: one outside of it is never sent."""
    low, high = float(values.min()), float(values.max())
    wide = _widened(low, high, LABEL_MARGIN, whole=False)
    return Limits(*wide, f"data: {shown_range(low, high)}; as much again on each side: narrow it to what can be")


def _widened(low: float, high: float, margin: float, whole: bool) -> tuple[float, float]:
    """Return a range with a margin, rounded outwards to two digits of its width."""
    width = (high - low) * margin
    step = 10.0 ** (math.floor(math.log10(max(high - low, 1e-30))) - 1)
    if whole:
        step = max(step, 1.0)
    ends = math.floor((low - width) / step) * step, math.ceil((high + width) / step) * step
    digits = max(0, -math.floor(math.log10(step)) + 1)
    first, last = (round(end, min(digits, 300)) for end in ends)
    bound = FLOAT32_MAX / 8
    return max(min(first, low), -bound), min(max(last, high), bound)


def typical(values: Floats) -> float:
    """Return the value in the middle of those in the data; no other, so that it is possible."""
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle])
