"""The numbers that the rows of a model can hold: float32, and ranges of them as signature.json writes them."""

from __future__ import annotations

import struct
from typing import Any

from registry.errors import SignatureError

# Rows and predictions are float32: a limit beyond them would let an infinity through.
FLOAT32_MAX = 3.4028234663852886e38


def is_float32(value: float) -> bool:
    """Return whether a float32 holds a number exactly."""
    return -FLOAT32_MAX <= value <= FLOAT32_MAX and to_float32(value) == value


def to_float32(value: float) -> float:
    """Return the float32 next to a number."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def pair(value: Any) -> tuple[float, float]:
    """Return the two numbers of a range in signature.json."""
    low, high = value
    return float(low), float(high)


def check_range(what: str, ends: tuple[float, float]) -> None:
    """Check that a range has two finite float32 in order.

    Raises:
        SignatureError: if not; ``what`` names the range.
    """
    low, high = ends
    if not -FLOAT32_MAX <= low <= high <= FLOAT32_MAX:
        raise SignatureError(f"{what}: expected two finite float32, the smaller first, not {low:g} and {high:g}")
