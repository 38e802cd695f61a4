"""What the pages of the versions draw of one version, from its card and its figures; the templates find the words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.endpoints.card_reader import CardReader
from app.endpoints.form_fields import word_of
from app.endpoints.published_versions import PublishedVersion
from registry import SHOWN_LEVEL, Figures, Input, plain

_LEVELS = 100  # of a category that a table has


@dataclass(frozen=True, slots=True)
class Curve:
    """The partial dependence of one input.

    Attributes:
        at: the median of the training rows, and the mean prediction there.
        categories: the words for each x of a category; empty for a number.
    """

    input: Input
    x: tuple[float, ...]
    y: tuple[float, ...]
    density: tuple[tuple[float, ...], tuple[int, ...]]
    mostly: tuple[float, float]
    at: tuple[float, float]
    categories: tuple[str, ...]

    @property
    def points(self) -> list[tuple[str, float]]:
        """The word and the mean prediction of each category."""
        return list(zip(self.categories, self.y, strict=True))

    @property
    def place(self) -> int | None:
        """Which category is the most frequent one in training; None if the curve has none of it."""
        return self.x.index(self.at[0]) if self.at[0] in self.x else None

    @property
    def rows(self) -> list[tuple[float | str, float]]:
        """Its points, for a table; of a category with many levels the most frequent ones."""
        rows: list[tuple[float | str, float]] = list(zip(self.categories or self.x, self.y, strict=True))
        if not self.input.levels or len(rows) <= _LEVELS:
            return rows
        counts = dict(zip(*self.density, strict=False))
        often = sorted(range(len(rows)), key=lambda place: -counts.get(self.x[place], 0))
        return [rows[place] for place in sorted(often[:_LEVELS])]


@dataclass(frozen=True, slots=True)
class Fit:
    """The test rows beside their predictions.

    Attributes:
        outside: of each row, whether its real value is outside its interval; empty without intervals.
        width: the mean width of these intervals; None without them.
    """

    actual: tuple[float, ...]
    predicted: tuple[float, ...]
    errors: tuple[float, ...]
    outside: tuple[bool, ...]
    width: float | None

    @property
    def table(self) -> list[tuple[float, float, float, float]]:
        """The rows, numbered from 1."""
        return list(zip(range(1, len(self.actual) + 1), self.actual, self.predicted, self.errors, strict=True))

    @property
    def coverage(self) -> float | None:
        """The share of the rows whose real value is inside."""
        return 1 - sum(self.outside) / len(self.outside) if self.outside else None


@dataclass(frozen=True, slots=True)
class IntervalHold:
    """How the intervals of a version did in tests; what is not known is None.

    Attributes:
        coverage: the share of the rows whose real value was inside.
        width: the mean width.
        rows: how many rows.
        of_test_rows: whether these are the test rows alone.
    """

    coverage: float | None = None
    width: float | None = None
    rows: int | None = None
    of_test_rows: bool = False


@dataclass(frozen=True, slots=True)
class SliceError:
    """The cross-validated RMSE on a slice; low and high are NaN if the card has no interval of it."""

    column: str
    name: str
    rows: int | None
    rmse: float
    low: float
    high: float


def curves(version: PublishedVersion) -> list[Curve]:
    """Return the curve of each input, in order, that the card has one of."""
    if version.figures is None or version.signature is None:
        return []
    found = []
    for item in version.signature.inputs:
        figures = version.figures.inputs.get(item.name)
        if figures is None or not figures.x or list(figures.x) != sorted(set(figures.x)):
            continue
        categories = tuple(word_of(item, code) or plain(code) for code in figures.x) if item.categories else ()
        at = (figures.median, float(np.interp(figures.median, figures.x, figures.y)))
        histogram = figures.histogram
        density = (histogram.edges, histogram.counts)
        found.append(Curve(item, figures.x, figures.y, density, figures.mostly, at, categories))
    return found


def common_scale(drawn: Sequence[Curve]) -> tuple[float, float]:
    """Return the ends of a vertical axis for all these curves, with room below for the density."""
    values = [value for curve in drawn for value in curve.y] or [0.0, 1.0]
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    below = low - 0.4 * span
    return max(below, 0.0) if low >= 0 else below, high + 0.05 * span


def fit_of(figures: Figures | None) -> Fit | None:
    """Return the test rows of a version; None if its card has none."""
    if figures is None or not figures.actual:
        return None
    actual, predicted, half = (np.array(values) for values in (figures.actual, figures.predicted, figures.half_width))
    errors = actual - predicted
    outside = (np.abs(errors) > half).tolist() if len(half) else []
    width = float(2 * np.mean(half)) if len(half) else None
    return Fit(figures.actual, figures.predicted, tuple(errors.tolist()), tuple(outside), width)


def interval_hold(version: PublishedVersion) -> IntervalHold:
    """Return how the 90 % intervals of a version did.

    The figures of all folds where the card has them: the test rows alone are few.
    """
    judged = version.card.at("interval", "levels", plain(SHOWN_LEVEL))
    coverage = judged.number("coverage")
    if coverage is not None:
        return IntervalHold(coverage, judged.number("width"), version.card.count("interval", "rows"))
    fit = fit_of(version.figures)
    if fit is None or not fit.outside:
        return IntervalHold()
    return IntervalHold(fit.coverage, fit.width, len(fit.outside), of_test_rows=True)


def slice_errors(card: CardReader) -> list[SliceError]:
    """Return the slices that the card has an error of."""
    return [found for item in card.items("slices") if (found := _slice(item)) is not None]


def errs_more(slices: Sequence[SliceError], reference: float | None) -> list[SliceError]:
    """Return the slices whose interval lies above the error of all rows, the largest error first."""
    above = [item for item in slices if reference is not None and item.low > reference]
    return sorted(above, key=lambda item: -item.rmse)


def top_of(slices: Sequence[SliceError], *more: float | None) -> float:
    """Return the end of a scale from 0 for these slices."""
    values = [value for item in slices for value in (item.rmse, item.high) if math.isfinite(value)]
    return max([*values, *(value for value in more if value is not None)], default=1.0) or 1.0


def unseen_columns(version: PublishedVersion, slices: Sequence[SliceError]) -> list[str]:
    """Return the columns of slices that are no inputs, in order."""
    inputs = version.card.items("spec", "content", "inputs")
    seen = {item.text("column") or item.text("name") for item in inputs}
    return list(dict.fromkeys(item.column for item in slices if item.column not in seen)) if seen else []


def _slice(item: CardReader) -> SliceError | None:
    rmse = item.number("cv_rmse")
    if rmse is None or rmse < 0:
        return None
    low, high = item.number("low"), item.number("high")
    bounds = (math.nan, math.nan) if low is None or high is None else (low, high)
    return SliceError(item.text("column"), item.text("slice"), item.count("cv_rows"), rmse, *bounds)
