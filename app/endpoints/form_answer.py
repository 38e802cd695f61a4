"""The answer of the form: the prediction with its interval, what moves it, and what it would be if an input changed.

Numbers are passed on as numbers: the template writes them and has them drawn.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.endpoints.form_curves import Curve, common_scale, nearest, vary
from app.endpoints.form_fields import word_of
from app.errors import FieldError
from app.inference.explainer import Explainer, Explanation
from app.results import PredictionResult
from app.routing.cache import LoadedModel
from registry import SHOWN_LEVEL, Float32Array, Input

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One input's part of a prediction: from the level before it to the level behind it."""

    item: Input
    value: float
    contribution: float
    standard_error: float | None
    start: float
    end: float

    @property
    def word(self) -> str:
        """What the value is called; empty for a number."""
        return word_of(self.item, self.value)


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
class Answer:
    """What the form answers.

    Attributes:
        version: the number of the version that answered.
        value: the prediction, float32.
        interval: its ends; None if the version has none.
        warnings: of inputs that are outside the training range, missing or not known, and notices of a fallback.
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
    scale = common_scale(curves, interval)
    return Answer(result.version, result.predictions[0], interval, warnings, waterfall, curves, scale)


def _make_waterfall(model: LoadedModel, row: Float32Array, value: float, explanation: Explanation) -> Waterfall:
    inputs, parts = model.signature.inputs, explanation.contributions.tolist()
    errors = [None] * len(parts) if explanation.standard_error is None else explanation.standard_error.tolist()
    level, steps = explanation.base, []
    for place in sorted(range(len(parts)), key=lambda place: -abs(parts[place])):
        item, start = inputs[place], level
        level += parts[place]
        typed = nearest(item, float(row[place]))
        steps.append(Step(item, typed, parts[place], errors[place], start, level))
    levels = [explanation.base, value, *(step.end for step in steps)]
    low, high = min(levels), max(levels)
    largest = max(abs(low), abs(high), high - low)
    decimals = min(max(0, 3 - math.floor(math.log10(largest))), 9) if largest else 0
    return Waterfall(explanation, value, steps, (low, high), decimals)
