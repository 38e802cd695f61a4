"""Prediction intervals of the rows of a batch, each by the version that answered it; and their words in the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import FieldError, MalformedRequest
from app.inference.fallback import Step
from registry import Signature, plain
from registry.signature import FLOAT32_MAX

Intervals = NDArray[np.float64]
_FLAG = "interval"


def require_level(signature: Signature, number: int, level: float) -> None:
    """Check that a version has intervals of a level.

    Raises:
        MalformedRequest: naming the levels that it has.
    """
    if signature.interval is None:
        message = f"interval: version {number} has no intervals: it was trained without them"
        raise MalformedRequest(f"{message}; train and publish it again, or leave interval out")
    if level not in signature.interval.quantiles:
        levels = ", ".join(map(plain, sorted(signature.interval.quantiles)))
        raise MalformedRequest(f"interval: version {number} has none of {plain(level)}: ask for one of {levels}")


def find_intervals(steps: Sequence[Step], count: int, level: float) -> Intervals:
    """Return the ends of each row's interval, float64 (n, 2); NaN where no version answered, or the one has none."""
    intervals = np.full((count, 2), np.nan)
    for step in steps:
        interval = step.route.model.signature.interval
        if step.predictions is None or interval is None or level not in interval.quantiles:
            continue
        half = interval.half_width(step.inputs, level)
        ends = np.empty((len(half), 2))
        np.subtract(step.predictions, half, out=ends[:, 0])
        np.add(step.predictions, half, out=ends[:, 1])
        ends[~(np.abs(ends) <= FLOAT32_MAX).all(axis=1)] = np.nan  # what no float32 can hold is no interval
        if step.errors:
            ends[[row in step.errors for row in step.rows]] = np.nan
        intervals[step.rows] = ends
    return intervals


def note_missing(steps: Sequence[Step], level: float) -> dict[int, FieldError]:
    """Return a notice for each row that a version answered which has no interval of the level, by row."""
    notices: dict[int, FieldError] = {}
    for step in steps:
        interval, number = step.route.model.signature.interval, step.route.model.number
        if step.predictions is not None and (interval is None or level not in interval.quantiles):
            message = f"no interval: version {number} has none of {plain(level)}"
            notices |= {row: FieldError(row, "", message) for row in step.rows if row not in step.errors}
    return notices


def flag_intervals(flags: Sequence[str] | None, intervals: Intervals, level: float) -> Sequence[str] | None:
    """Return the flags of m rows with the interval of each, ``interval:LEVEL:LOW:HIGH``; float64 (m, 2), NaN for none.

    The ends have the fewest digits that read back as the same float32, as everything in the log.
    """
    head = f"{_FLAG}:{plain(level)}:"
    ends = orjson.dumps(intervals.astype(np.float32), option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].decode().split("],[")
    words = ["" if "null" in pair else head + pair.replace(",", ":") for pair in ends]
    if flags is None:
        return words if any(words) else None
    return [f"{flag} {word}".strip() if word else flag for flag, word in zip(flags, words, strict=True)]
