"""Numbers as people read them, in the spec and on the terminal."""

from __future__ import annotations

import numpy as np

_LARGEST = 1e15  # beyond, not every whole number is a float


def plain_number(value: float) -> int | float:
    """Return a whole number as an int."""
    return int(value) if value == int(value) and abs(value) < _LARGEST else value


def shortest(value: float) -> float:
    """Return a number without the digits of rounding, such as 0.3 for 0.30000000000000004 or a float32's 0.30000001192.

    It is the same to a model, which takes float32.
    """
    rounded = np.float32(value)
    short = float(str(rounded) if float(rounded) == value else f"{value:.9g}")
    return value if value == int(value) or np.float32(short) != rounded else short


def shown(value: float) -> str:
    """Return a number in at most six digits, or with all digits before its point. It has no exponent if it is usual."""
    plain = plain_number(value)
    if isinstance(plain, int):
        return str(plain)
    return f"{plain:.0f}" if 1e5 <= abs(plain) < _LARGEST else f"{plain:g}"


def shown_range(low: float, high: float) -> str:
    """Return a range, such as ``0 to 1.5``."""
    return f"{shown(low)} to {shown(high)}"
