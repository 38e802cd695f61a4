"""Prediction intervals of the rows of a batch, each by the version that answered it; and their words in the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson

from app.errors import FieldError, MalformedRequest
from app.inference.fallback import Step
from registry import Float32Array, Signature, plain
from registry.float32 import FLOAT32_MAX

_FLAG = "interval"


def require_level(signature: Signature, number: int, level: float) -> None:
    """Check that a version has intervals of a level.

    Raises:
        MalformedRequest: naming the levels that it has.
    """
    if signature.interval is None:
        message = f"interval: version {number} has no intervals: it was trained without them"
        raise MalformedRequest(f"{message}; train and publish it again, or leave interval out")
    if signature.interval_at(level) is None:
        levels = ", ".join(map(plain, sorted(signature.interval.quantiles)))
        raise MalformedRequest(f"interval: version {number} has none of {plain(level)}: ask for one of {levels}")


def interval_ends(step: Step, level: float) -> Float32Array:
    """Return the ends of the interval of each row that a step predicted for, float32 (m, 2).

    They are NaN for a row that it has no answer for, if its version has no such intervals, and if no float32 holds one.
    """
    interval, predictions = step.route.model.signature.interval_at(level), step.predictions
    ends = np.full((len(step.rows), 2), np.nan, dtype=np.float32)
    if predictions is None or interval is None:
        return ends
    if len(ends) == 1 and not step.errors:
        value, half = predictions.tolist()[0], interval.half_width_of(step.inputs.tolist()[0], level)
        if half - FLOAT32_MAX <= value <= FLOAT32_MAX - half:
            ends[0] = value - half, value + half
        return ends
    halves = interval.half_width(step.inputs, level)
    wide = np.stack([predictions - halves, predictions + halves], axis=1)
    fits = (np.abs(wide) <= FLOAT32_MAX).all(axis=1)
    if step.errors:
        fits &= np.array([row not in step.errors for row in step.rows])
    ends[fits] = wide[fits]
    return ends


def note_missing(steps: Sequence[Step], level: float) -> dict[int, FieldError]:
    """Return a notice for each row that a version answered which has no interval of the level, by row."""
    notices: dict[int, FieldError] = {}
    for step in steps:
        model = step.route.model
        if step.predictions is not None and model.signature.interval_at(level) is None:
            message = f"no interval: version {model.number} has none of {plain(level)}"
            notices |= {row: FieldError(row, "", message) for row in step.rows if row not in step.errors}
    return notices


def flag_intervals(flags: Sequence[str] | None, intervals: Float32Array, level: float) -> Sequence[str] | None:
    """Return the flags of m rows with the interval of each, ``interval:LEVEL:LOW:HIGH``; float32 (m, 2), NaN for none.

    The ends have the fewest digits that read back as the same float32, as everything in the log.
    """
    head = f"{_FLAG}:{plain(level)}:"
    ends = orjson.dumps(intervals, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].decode().split("],[")
    words = ["" if "null" in pair else head + pair.replace(",", ":") for pair in ends]
    if flags is None:
        return words if any(words) else None
    return [f"{flag} {word}".strip() if word else flag for flag, word in zip(flags, words, strict=True)]
