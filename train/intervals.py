"""Prediction intervals: made from the errors of cross-validation, and judged on rows that they were not made from.

An interval is as wide as the quantile of past errors says, times a scale that a small model of the inputs gives each
row: split conformal prediction with scaled errors (Lei et al. 2018, doi:10.1080/01621459.2017.1307116, section 5.2),
with the errors of all folds instead of those of one held-out part. An error comes from a fit that has not seen its row,
and it is divided by a scale that has not seen its fold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from registry import SHOWN_LEVEL, CategoryTerm, Input, Interval, NumberTerm
from registry.interval import MIN_RANGE, Term
from train.dataset import Dataset, Floats, Indices
from train.evaluation import Evaluation
from train.slices import slice_input

LEVELS = (0.5, 0.8, 0.9, 0.95)
MIN_SLICE_ROWS = 50  # of fewer, the share inside says little

_FLOOR = 0.1  # of the mean error: it is added to each, so that the logarithm of a small one is not far below the others
_RIDGE = 10.0  # the penalty on the weights of the scale, which keeps it near constant where the rows are few
# How much wider than one width for every row a scale may make the intervals. A few hundred rows tell the two no better,
# and one width for every row is too narrow where the errors are large: docs/intervals.md shows what that costs.
_WIDER = 1.05


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows, and the share of them whose real value was inside its interval."""

    name: str
    rows: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Level:
    """All rows at one level: the share inside, and the mean width from low to high in the label's unit."""

    coverage: float
    width: float


@dataclass(frozen=True, slots=True)
class IntervalFigures:
    """How intervals made like the published ones did, each fold of the rows with those that the other folds make.

    Attributes:
        rows: how many rows were judged.
        levels: by level.
        width_vs_plain: at SHOWN_LEVEL, the mean width over that of intervals of the same width for every row.
        worst_third: at SHOWN_LEVEL, of the thirds of the rows by prediction the one with the smallest share inside.
        worst_slice: the same of the slices of the inputs with MIN_SLICE_ROWS rows or more; None if there is none.
    """

    rows: int
    levels: Mapping[str, Level]
    width_vs_plain: float
    worst_third: Part
    worst_slice: Part | None


def intervals_of(
    inputs: Sequence[Input], data: Dataset, evaluation: Evaluation
) -> tuple[Interval | None, IntervalFigures | None]:
    """Return the intervals of a model that was evaluated, and how such intervals did; None if there are none."""
    held_out = [rows for _, rows in data.folds]
    judged = np.sort(np.concatenate(held_out))
    rows, predictions = data.inputs[judged], evaluation.cv_predictions[judged]
    errors = np.abs(data.label[judged] - predictions)
    folds = [np.searchsorted(judged, rows) for rows in held_out]
    interval = make_interval(inputs, rows, errors, folds)
    training = data.inputs[data.train_rows]
    slices = [slice_input(item, rows[:, column], training[:, column]) for column, item in enumerate(inputs)]
    return interval, _judge(inputs, rows, predictions, errors, folds, slices)


def make_interval(inputs: Sequence[Input], rows: Floats, errors: Floats, folds: Sequence[Indices]) -> Interval | None:
    """Make the intervals of a model from its errors.

    The scale is the same for every row if another would make the intervals more than _WIDER as wide in the mean.

    Args:
        rows: float64 (n, k).
        errors: absolute ones, float64 (n,), in the label's unit; each by a fit that has not seen the row.
        folds: positions; they divide the rows.

    Returns:
        None if there is no error to make them from.
    """
    plain = _quantiles(errors)
    if SHOWN_LEVEL not in plain:
        return None
    constant = tuple(_constant(item, rows[:, column]) for column, item in enumerate(inputs))
    try:
        if len(folds) > 1:
            scales = _cross_fitted(inputs, rows, errors, folds)
            mean = float(np.mean(scales))
            quantiles = _quantiles(errors / scales * mean)
            if quantiles.get(SHOWN_LEVEL, math.inf) <= _WIDER * plain[SHOWN_LEVEL]:
                intercept, terms = _fit(inputs, rows, errors)
                return Interval(quantiles, len(rows), _short(intercept - math.log(mean)), terms)
        return Interval(plain, len(rows), 0.0, constant)
    except ValueError:  # errors near the ends of float32
        return None


def _judge(
    inputs: Sequence[Input],
    rows: Floats,
    predictions: Floats,
    errors: Floats,
    held_out: list[Indices],
    slices: Sequence[tuple[list[str], Indices]],
) -> IntervalFigures | None:
    """Return how intervals like the published ones do on rows they were not made from; None if there are none.

    For each fold they are made anew from the other folds, as :func:`make_interval` makes them from all.

    Args:
        predictions, errors: of each row, by the fit that has not seen it.
        held_out: the rows of each fold.
        slices: of each input, as :func:`train.slices.slice_input` returns them.
    """
    half_widths = {level: np.full(len(errors), np.nan) for level in LEVELS}
    plain = np.empty(len(errors))
    for number, judged in enumerate(held_out):
        others = held_out[:number] + held_out[number + 1 :]
        kept = np.concatenate(others)
        starts = np.cumsum([0, *map(len, others)])
        folds = [np.arange(start, end) for start, end in pairwise(starts)]
        interval = make_interval(inputs, rows[kept], errors[kept], folds)
        if interval is None:
            return None
        plain[judged] = _quantiles(errors[kept])[SHOWN_LEVEL]
        for level in interval.quantiles:
            half_widths[level][judged] = interval.half_width(rows[judged].astype(np.float32), level)
    levels = {
        f"{level:g}": Level(float(np.mean(errors <= half)), 2 * float(np.mean(half)))
        for level, half in half_widths.items()
        if not np.isnan(half).any()
    }
    inside = errors <= half_widths[SHOWN_LEVEL]
    order = np.argsort(predictions, kind="stable")
    thirds = zip(("lowest", "middle", "highest"), np.array_split(order, 3), strict=True)
    return IntervalFigures(
        rows=len(errors),
        levels=levels,
        width_vs_plain=float(np.mean(half_widths[SHOWN_LEVEL]) / np.mean(plain)),
        worst_third=min((_part(f"{name} predictions", inside[third]) for name, third in thirds), key=_coverage),
        worst_slice=min(_slices(inputs, slices, inside), key=_coverage, default=None),
    )


def _slices(inputs: Sequence[Input], slices: Sequence[tuple[list[str], Indices]], inside: np.ndarray) -> list[Part]:
    parts = []
    for item, (names, numbers) in zip(inputs, slices, strict=True):
        parts += [_part(f"{item.name} {name}", inside[numbers == number]) for number, name in enumerate(names)]
    return [part for part in parts if part.rows >= MIN_SLICE_ROWS]


def _part(name: str, inside: np.ndarray) -> Part:
    return Part(name, len(inside), float(np.mean(inside)) if len(inside) else math.nan)


def _coverage(part: Part) -> float:
    return part.coverage


def _quantiles(scores: Floats) -> dict[float, float]:
    """Return the ceil((n + 1) level)-th smallest of n scores, by level; without the levels that n is too few for.

    The six digits of :func:`_short` are rounded up, so that the score itself is within.
    """
    ordered = np.sort(scores)
    ranks = {level: math.ceil(round((len(scores) + 1) * level, 9)) for level in LEVELS}  # 9: 0.9 is not exact
    values = {level: _short(1.00001 * float(ordered[rank - 1])) for level, rank in ranks.items() if rank <= len(scores)}
    return {level: value for level, value in values.items() if value > 0}


def _cross_fitted(inputs: Sequence[Input], rows: Floats, errors: Floats, folds: Sequence[Indices]) -> Floats:
    """Return the scale of each row, float64 (n,), fitted on the other folds."""
    scales = np.empty(len(rows))
    for number, held_out in enumerate(folds):
        kept = np.concatenate([*folds[:number], *folds[number + 1 :]])
        scale = Interval({SHOWN_LEVEL: 1.0}, len(kept), *_fit(inputs, rows[kept], errors[kept]))
        scales[held_out] = scale.half_width(rows[held_out].astype(np.float32), SHOWN_LEVEL)
    return scales


def _fit(inputs: Sequence[Input], rows: Floats, errors: Floats) -> tuple[float, tuple[Term, ...]]:
    """Fit the logarithm of the errors by ridge regression on the inputs. Return the intercept and the terms.

    A number enters standardised and squared, a category as an indicator for each code.
    """
    target = np.log(errors + _FLOOR * np.mean(errors))
    columns: list[Floats] = []
    for column, item in enumerate(inputs):
        values = _in_terms(item, rows[:, column])
        if item.categories:
            columns += [(values == code).astype(np.float64) for code in item.categories]
        else:
            standardised = (values - np.mean(values)) / (np.std(values) or 1.0)
            columns += [standardised, standardised**2]
    features = np.column_stack(columns)
    means = features.mean(axis=0)
    centred = features - means
    gram = centred.T @ centred + _RIDGE * np.eye(len(means))
    weights = np.linalg.solve(gram, centred.T @ (target - np.mean(target)))
    intercept = float(np.mean(target) - means @ weights)
    remaining, terms = weights.tolist(), list[Term]()
    for column, item in enumerate(inputs):
        count = len(item.categories) or 2
        own, remaining = remaining[:count], remaining[count:]
        if item.categories:
            terms.append(CategoryTerm(item.categories, tuple(map(_short, own))))
        else:
            constant, term = _in_range(own[0], own[1], _in_terms(item, rows[:, column]))
            intercept += constant
            terms.append(term)
    return intercept, tuple(terms)


def _in_range(weight: float, square: float, values: Floats) -> tuple[float, NumberTerm]:
    """Return weight * z + square * z**2 of the standardised value z as a constant and a term.

    A term counts from the middle of the range, in halves of it.
    """
    low, high = _range(values)
    deviation = float(np.std(values)) or 1.0
    middle, half = ((low + high) / 2 - float(np.mean(values))) / deviation, (high - low) / 2 / deviation
    slope, curve = (weight + 2 * square * middle) * half, square * half**2
    return weight * middle + square * middle**2, NumberTerm(low, high, _short(slope), _short(curve))


def _constant(item: Input, values: Floats) -> Term:
    """Return a term that adds nothing."""
    if item.categories:
        return CategoryTerm(item.categories, (0.0,) * len(item.categories))
    return NumberTerm(*_range(_in_terms(item, values)), 0.0, 0.0)


def _in_terms(item: Input, values: Floats) -> Floats:
    """Return the values as a term takes them: a number that is missing is at an end of the range of the others."""
    if item.missing is None or item.categories:
        return values
    present = values[values != np.float32(item.missing.value)]
    return np.clip(values, present.min(), present.max()) if len(present) else np.zeros_like(values)


def _range(values: Floats) -> tuple[float, float]:
    """Return the smallest and the largest value; if all are the same, a range that begins there."""
    low, high = float(values.min()), float(values.max())
    return low, high if high - low > MIN_RANGE else low + max(1.0, abs(low))


def _short(value: float) -> float:
    """Return a number with the six digits that matter, so that people can read signature.json."""
    return float(f"{value:.6g}")
