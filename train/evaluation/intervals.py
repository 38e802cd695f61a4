"""Prediction intervals: made from the errors of cross-validation.

An interval is as wide as the quantile of past errors says, times a scale that a small model of the inputs gives each
row: split conformal prediction with scaled errors (Lei et al. 2018, doi:10.1080/01621459.2017.1307116, section 5.2),
with the errors of all folds instead of those of one held-out part. An error comes from a fit that has not seen its row,
and it is divided by a scale that has not seen its fold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from registry import SHOWN_LEVEL, CategoryTerm, Input, Interval, NumberTerm
from registry.interval import MIN_RANGE, Term
from train.dataset import Floats, Indices

LEVELS = (0.5, 0.8, 0.9, 0.95)

_FLOOR = 0.1  # of the mean error: it is added to each, so that the logarithm of a small one is not far below the others
_RIDGE = 10.0  # the penalty on the weights of the scale, which keeps it near constant where the rows are few
# How much wider than one width for every row a scale may make the intervals. A few hundred rows tell the two no better,
# and one width for every row is too narrow where the errors are large: docs/intervals.md shows what that costs.
_WIDER = 1.05


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
    plain = quantiles_of(errors)
    if SHOWN_LEVEL not in plain:
        return None
    constant = tuple(_constant(item, rows[:, column]) for column, item in enumerate(inputs))
    try:
        if len(folds) > 1:
            scales = _cross_fitted(inputs, rows, errors, folds)
            mean = float(np.mean(scales))
            quantiles = quantiles_of(errors / scales * mean)
            if quantiles.get(SHOWN_LEVEL, math.inf) <= _WIDER * plain[SHOWN_LEVEL]:
                intercept, terms = _fit(inputs, rows, errors)
                return Interval(quantiles, len(rows), _short(intercept - math.log(mean)), terms)
        return Interval(plain, len(rows), 0.0, constant)
    except ValueError:  # errors near the ends of float32
        return None


def quantiles_of(scores: Floats) -> dict[float, float]:
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
