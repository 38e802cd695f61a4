"""Scales: where a value stands on an axis, the axis's round marks, and numbers as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

THIN, MINUS, NONE = "\u202f", "−", "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LARGEST = 1e300  # far beyond float32; differences of such values are still finite
_PLAIN = range(-4, 15)  # powers of ten that are written without a power of ten


def number(value: float | None, digits: int = 3, *, zeros: bool = False) -> str:
    """Return a number in at least ``digits`` digits: thin spaces between thousands, a true minus; – for None and NaN.

    A number of more digits before the point keeps them all; one under 0.0001, or of 10¹⁵ and more, has a power of ten.
    One of four digits before the point has no space (SI brochure, 5.4.4): so a year is written like a year.

    Args:
        zeros: keep the zeros at the end, as of a measured value: 17.0, not 17.
    """
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    if value == 0:
        return "0"
    mantissa, _, power = f"{abs(value):.{digits - 1}e}".partition("e")
    exponent = int(power)
    text = _grouped(abs(value), max(digits - 1 - exponent, 0)) if exponent in _PLAIN else mantissa
    if "." in text and not zeros:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS if value < 0 else ''}{text}{'' if exponent in _PLAIN else _power(exponent)}"


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share, 0 to 1, in percent, in at least ``digits`` digits; – for None and NaN."""
    return NONE if share is None or math.isnan(share) else f"{number(100 * share, digits)} %"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round marks with equal steps, all within the range.

    The steps are 1, 2, 2.5 or 5 times a power of ten. A range of one value has that value as its mark.
    """
    low, high = _finite(low), _finite(high)
    if not _wide(low, high):
        return [low]
    power = math.floor(math.log10((high - low) / count))
    best: tuple[int, Decimal, int, int] | None = None
    for mantissa in ("1", "2", "2.5", "5", "10"):
        step = Decimal(mantissa).scaleb(power)
        first = int((Decimal(low) / step).to_integral_value(ROUND_CEILING))
        last = int((Decimal(high) / step).to_integral_value(ROUND_FLOOR))
        distance = abs(last - first + 1 - count)
        if last >= first and (best is None or distance < best[0]):
            best = (distance, step, first, last)
    if best is None:  # so few marks are wanted that none falls into the range
        return [low]
    _, step, first, last = best
    return [float(step * i) for i in range(first, last + 1)]


def labels(marks: Sequence[float]) -> list[str]:
    """Return the marks of an axis as words, all with the same number of decimals, and the same power of ten if any."""
    largest = max(map(abs, marks), default=0.0)
    if largest >= 1e7 or 0 < largest < 1e-3:
        exponent = math.floor(math.log10(largest))
        mantissas = labels([mark / 10.0**exponent for mark in marks])
        return [text + _power(exponent) if mark else "0" for mark, text in zip(marks, mantissas, strict=True)]
    step = abs(marks[1] - marks[0]) if len(marks) > 1 else largest
    decimals = 0
    while decimals < 12 and any(abs(round(mark, decimals) - mark) > 1e-6 * step for mark in marks):
        decimals += 1
    return [f"{MINUS if mark < 0 else ''}{_grouped(abs(mark), decimals, largest)}" for mark in marks]


def width(text: str) -> float:
    """Return about how wide a text is in the type of charts on a phone, in units; a page shows it a little narrower."""
    return sum(4 if character in f"{THIN} .,'" else 15 if character >= "\u2e80" else 9 for character in text)


def extent(*series: Iterable[float | None]) -> tuple[float, float]:
    """Return the ends of all values that are numbers; 0 and 1 if there are none. Equal ends are moved apart."""
    known = [_finite(value) for values in series for value in values if value is not None and math.isfinite(value)]
    return apart(min(known), max(known)) if known else (0.0, 1.0)


def apart(low: float, high: float) -> tuple[float, float]:
    """Return two ends, the lower one first, and moved apart if a scale could not tell them."""
    low, high = sorted((_finite(low), _finite(high)))
    if _wide(low, high):
        return low, high
    largest = max(abs(low), abs(high))
    half = largest / 2 if largest > 1e-280 else 0.5
    return low - half, high + half


def rounded(low: float, high: float) -> tuple[float, float]:
    """Return the ends moved out to the next round marks."""
    low, high = apart(low, high)
    marks = ticks(low, high)
    if len(marks) < 2:
        return low, high
    step = marks[1] - marks[0]
    slack = 1e-9 * step
    first = marks[0] if low > marks[0] - slack else marks[0] - step
    last = marks[-1] if high < marks[-1] + slack else marks[-1] + step
    return min(low, first), max(high, last)


@dataclass(frozen=True, slots=True)
class Scale:
    """From values, low to high, to places, first to last; a value beyond is placed at the end."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low)
        if share >= 1:
            return self.last
        return self.first + (self.last - self.first) * share if share > 0 else self.first


def _wide(low: float, high: float) -> bool:
    return high - low > max(1e-9 * max(abs(low), abs(high)), 1e-290)


def _finite(value: float) -> float:
    return 0.0 if math.isnan(value) else min(max(float(value), -_LARGEST), _LARGEST)


def _grouped(value: float, decimals: int, largest: float = 0.0) -> str:
    """Return a number with thin spaces, if it or the largest one beside it has five digits before the point."""
    text = f"{value:,.{decimals}f}"
    has_spaces = max(len(text.partition(".")[0]), len(f"{largest:,.{decimals}f}".partition(".")[0])) > len("9,999")
    return text.replace(",", THIN if has_spaces else "")


def _power(exponent: int) -> str:
    return f"{THIN}×{THIN}10{str(exponent).translate(_SUPERSCRIPT)}"
