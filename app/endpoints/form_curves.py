"""What the form's answer would be if one input were different: a curve over a number, or a point for each level.

Numbers are passed on as numbers: the template writes them and has them drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.endpoints.form_fields import word_of
from app.inference.explainer import Explainer
from app.routing.cache import LoadedModel
from registry import SHOWN_LEVEL, Figures, Float32Array, Input, Interval, plain
from registry.figures import InputFigures

# How many points a curve has; fewer where there are many curves, so that the page stays small.
_POINTS, _FEW_POINTS, _MANY_INPUTS = 41, 13, 5
_ROWS = 2  # a table has each second of the points
_LEVELS = 100  # of a category that are asked for


@dataclass(frozen=True, slots=True)
class Curve:
    """The prediction as one input moves over its training range, and as far as its present value.

    Attributes:
        x, y: the points; of a category its codes.
        band: the ends of the interval at each point; None if the version has none.
        at: the present value, and the prediction for it.
        labels: of a category, a word for each point.
        more: how many levels of a category have no point.
    """

    item: Input
    x: Sequence[float]
    y: Sequence[float]
    band: tuple[Sequence[float], Sequence[float]] | None
    at: tuple[float, float]
    labels: Sequence[str]
    more: int = 0

    @property
    def points(self) -> list[tuple[str, float]]:
        """The word and the prediction of each point of a category."""
        return list(zip(self.labels, self.y, strict=True))

    @property
    def ends(self) -> list[tuple[str, float]]:
        """Those points of a category with the smallest and the largest prediction; none if no point has a number."""
        known = sorted((point for point in self.points if math.isfinite(point[1])), key=lambda point: point[1])
        return [known[0], known[-1]] if known else []

    @property
    def is_missing(self) -> bool:
        """Whether there is no present value."""
        return self.item.missing is not None and self.at[0] == self.item.missing.value

    @property
    def place(self) -> int | None:
        """Which point is the present value; None if none is."""
        return self.x.index(self.at[0]) if self.at[0] in self.x else None

    def counts(self, spread: InputFigures | None) -> list[int]:
        """Return how many training rows each point of a category has; nothing if the version does not say."""
        known = spread.histogram.rows_by_code if spread else {}
        return [known.get(code, 0) for code in self.x] if known else []

    @property
    def rows(self) -> list[tuple[float | str, ...]]:
        """The numbers for its table."""
        heads = self.labels or [plain(x).replace("-", "−") for x in self.x]  # in full, so that a row can be asked for
        columns = [heads, self.y, *(self.band or ())]
        rows = list(zip(*columns, strict=True))
        return rows if self.labels else rows[::_ROWS]


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
        present = nearest(item, float(row[column]))
        x = _levels(item, present, model.figures) if item.levels else _points(item, present, count)
        if len(x) < 2:
            continue
        y = explainer.vary(row, column, x.astype(np.float32)).astype(np.float64)
        band = _band(interval, row, column, x, y) if interval else None
        labels = [word_of(item, code) for code in x.tolist()] if item.categories else []
        codes = len(item.categories) + (item.missing is not None)
        more = codes - len(x) if item.levels else 0
        curves.append(Curve(item, x.tolist(), y.tolist(), band, (present, value), labels, more))
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
        return np.array([*item.categories, item.missing.value] if item.missing else item.categories)
    if item.missing and value == item.missing.value:
        value = item.training[0]
    low, high = min(item.training[0], value), max(item.training[1], value)
    if not low < high:
        return np.array([low])
    decimals = 1 - math.floor(math.log10((high - low) / (count - 1)))
    values = np.round(np.linspace(low, high, count), decimals).clip(*item.limits)
    return np.array(sorted(set(values.tolist())))  # np.unique would import numpy.ma: 9 MB for good


def _levels(item: Input, present: float, figures: Figures | None) -> NDArray[np.float64]:
    """Return the codes of a category of texts, the most frequent ones if there are many; and what a missing text is."""
    codes, spread = list(item.categories), figures.inputs.get(item.name) if figures else None
    counts = spread.histogram.rows_by_code if spread else {}
    often = sorted(codes, key=lambda code: (code != present, -counts.get(code, 0)))
    codes = sorted(often[:_LEVELS])
    return np.array([*codes, item.missing.value] if item.missing else codes)


def nearest(item: Input, value: float) -> float:
    """Return the code of a category that a float32 stands for; a number, and a missing value, as it is."""
    if item.missing and value == item.missing.value:
        return value
    return min(item.categories, key=lambda code: abs(code - value)) if item.categories else value


def common_scale(curves: Sequence[Curve], interval: tuple[float, float] | None) -> tuple[float, float]:
    """Return the ends of an axis for all curves. A band that is far wider than what they span is cut off there."""
    lines = [y for curve in curves for y in curve.y] + list(interval or ())
    if not lines:
        return 0.0, 1.0
    ends = [end for curve in curves if curve.band for side in curve.band for end in side] or lines
    room = max(lines) - min(lines)
    return max(min(*ends, *lines), min(lines) - room / 2), min(max(*ends, *lines), max(lines) + room / 2)
