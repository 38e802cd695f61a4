"""The answer of the form: the prediction with its interval, what moves it, and what it would be if an input changed.

Numbers are passed on as numbers: the template writes them and has them drawn.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import FieldError
from app.inference.explainer import Explainer, Explanation
from app.results import PredictionResult
from app.routing.cache import LoadedModel
from registry import SHOWN_LEVEL, Float32Array, Input, Interval, plain

logger = logging.getLogger(__name__)

# How many points a curve has; fewer where there are many curves, so that the page stays small.
_POINTS, _FEW_POINTS, _MANY_INPUTS = 41, 13, 5
_ROWS = 2  # a table has each second of the points


@dataclass(frozen=True, slots=True)
class Step:
    """One input's part of a prediction: from the level before it to the level behind it."""

    item: Input
    value: float
    contribution: float
    standard_error: float | None
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From the mean prediction over training rows to this prediction, the largest part first.

    Attributes:
        ends: of the scale that holds every level.
        decimals: that its numbers need.
    """

    explanation: Explanation
    prediction: float
    steps: Sequence[Step]
    ends: tuple[float, float]
    decimals: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The prediction as one input moves over its training range, and as far as its present value.

    Attributes:
        x, y: the points; of a category its codes.
        band: the ends of the interval at each point; None if the version has none.
        at: the present value, and the prediction for it.
        labels: of a category, a word for each point.
    """

    item: Input
    x: Sequence[float]
    y: Sequence[float]
    band: tuple[Sequence[float], Sequence[float]] | None
    at: tuple[float, float]
    labels: Sequence[str]

    @property
    def rows(self) -> list[tuple[float | str, ...]]:
        """The numbers for its table."""
        heads = self.labels or [plain(x).replace("-", "−") for x in self.x]  # in full, so that a row can be asked for
        columns = [heads, self.y, *(self.band or ())]
        rows = list(zip(*columns, strict=True))
        return rows if self.labels else rows[::_ROWS]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the form answers.

    Attributes:
        version: the number of the version that answered.
        value: the prediction, float32.
        interval: its ends; None if the version has none.
        warnings: of inputs outside of what the model was trained on, and notices of a fallback.
        waterfall, curves: None and none if they can't be told.
        scale: the ends of the vertical axis of all curves.
    """

    version: int
    value: np.float32
    interval: tuple[float, float] | None
    warnings: Sequence[FieldError]
    waterfall: Waterfall | None
    curves: Sequence[Curve]
    scale: tuple[float, float]


def interval_level(model: LoadedModel) -> float | None:
    """Return the level of the interval to ask a version for; None if it has no such intervals."""
    return SHOWN_LEVEL if model.signature.interval_at(SHOWN_LEVEL) else None


def make_answer(
    model: LoadedModel, result: PredictionResult, explanation: Explanation | None, explainer: Explainer | None
) -> Answer:
    """Return the answer for the one row of a result.

    Args:
        model: the version that answered.
        explanation: of this prediction; None if there is none.
        explainer: what varies the row; None if nothing can.
    """
    row, value = result.attempts[-1].inputs[0], float(result.predictions[0])
    interval = None
    if result.intervals is not None and not np.isnan(result.intervals[0, 0]):
        interval = (float(result.intervals[0, 0]), float(result.intervals[0, 1]))
    waterfall = None if explanation is None else _make_waterfall(model, row, value, explanation)
    curves: list[Curve] = []
    if explainer is not None:
        try:
            curves = vary(model, explainer, row, value)
        except Exception:  # whatever a runtime raises: the answer itself is there, and is not lost for its pictures
            logger.exception("version %d: the curves can't be made", model.number)
    warnings = result.warnings.get(0, ())
    scale = _scale(curves, interval)
    return Answer(result.version, result.predictions[0], interval, warnings, waterfall, curves, scale)


def vary(model: LoadedModel, explainer: Explainer, row: Float32Array, value: float) -> list[Curve]:
    """Return a curve for each input that has a range.

    Its points are no predictions of the request: nobody asked for those rows, and nobody is told that they are true of
    one. So they are not in the log.

    Args:
        row: the inputs, float32 (k,).
        value: the prediction for them.
    """
    inputs, interval = model.signature.inputs, model.signature.interval_at(SHOWN_LEVEL)
    count = _POINTS if len(inputs) <= _MANY_INPUTS else _FEW_POINTS
    curves = []
    for column, item in enumerate(inputs):
        x = _points(item, float(row[column]), count)
        if len(x) < 2:
            continue
        y = explainer.vary(row, column, x.astype(np.float32)).astype(np.float64)
        band = _band(interval, row, column, x, y) if interval else None
        at = (_nearest(item, float(row[column])), value)
        curves.append(Curve(item, x.tolist(), y.tolist(), band, at, list(item.words.values())))
    return curves


def _band(
    interval: Interval, row: Float32Array, column: int, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[list[float], list[float]]:
    rows = np.repeat(row[np.newaxis, :], len(x), axis=0)
    rows[:, column] = x
    half = interval.half_width(rows, SHOWN_LEVEL)
    return (y - half).tolist(), (y + half).tolist()


def _points(item: Input, value: float, count: int) -> NDArray[np.float64]:
    """Return the values that an input moves over: round ones, which a table can show in full."""
    if item.categories:
        return np.array(item.categories)
    low, high = min(item.training[0], value), max(item.training[1], value)
    if not low < high:
        return np.array([low])
    decimals = 1 - math.floor(math.log10((high - low) / (count - 1)))
    return np.unique(np.round(np.linspace(low, high, count), decimals).clip(*item.limits))


def _nearest(item: Input, value: float) -> float:
    """Return the code of a category that a float32 stands for; a number as it is."""
    return min(item.categories, key=lambda code: abs(code - value)) if item.categories else value


def _make_waterfall(model: LoadedModel, row: Float32Array, value: float, explanation: Explanation) -> Waterfall:
    inputs, parts = model.signature.inputs, explanation.contributions.tolist()
    errors = [None] * len(parts) if explanation.standard_error is None else explanation.standard_error.tolist()
    level, steps = explanation.base, []
    for place in sorted(range(len(parts)), key=lambda place: -abs(parts[place])):
        item, start = inputs[place], level
        level += parts[place]
        typed = _nearest(item, float(row[place]))
        steps.append(Step(item, typed, parts[place], errors[place], start, level))
    levels = [explanation.base, value, *(step.end for step in steps)]
    low, high = min(levels), max(levels)
    largest = max(abs(low), abs(high), high - low)
    decimals = min(max(0, 3 - math.floor(math.log10(largest))), 9) if largest else 0
    return Waterfall(explanation, value, steps, (low, high), decimals)


def _scale(curves: Sequence[Curve], interval: tuple[float, float] | None) -> tuple[float, float]:
    """Return the ends of an axis for all curves. A band that is far wider than what they span is cut off there."""
    lines = [y for curve in curves for y in curve.y] + list(interval or ())
    if not lines:
        return 0.0, 1.0
    ends = [end for curve in curves if curve.band for side in curve.band for end in side] or lines
    room = max(lines) - min(lines)
    return max(min(*ends, *lines), min(lines) - room / 2), min(max(*ends, *lines), max(lines) + room / 2)
