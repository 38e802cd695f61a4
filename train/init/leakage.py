"""Columns that give the label away: one that tells it alone, or a few whose sum it is; and the strongest others.

Not every leak can be found: a column that is known only when the label is, and tells it partly, looks like a good
input. So the strongest columns are named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeRegressor

from train.dataset import MIN_ROWS, Floats, Indices
from train.dataset.split import find_originals
from train.init.column import NUMBER, Column

TELLS_ALL = 0.98  # the share of the label's variance that one column explains, from which on it gives the label away
STRONG = 0.5
SHOWN = 5
_SAMPLE = 5000  # rows
_MAX_TERMS = 4
_RANKS = 0.9999


def find_leaks(columns: Sequence[Column], label: Column, seed: int) -> dict[str, float]:
    """Say of each column that gives the label away that it is left out. Return the strength of the strongest others.

    Args:
        columns: those that are not left out.

    Returns:
        for each, the share of the label's variance that it explains alone, in rows that were not used to fit it.
    """
    rows = np.arange(len(label.values))
    if len(rows) > _SAMPLE:
        rows = np.random.default_rng(seed).choice(rows, _SAMPLE, replace=False)
    filled = {column.name: _filled(column) for column in columns}
    rows = rows[_different(np.column_stack([values[rows] for values in (*filled.values(), label.values)]))]
    target = label.values[rows]
    numbers = {name: values[rows] for name, values in filled.items()}
    strengths = {}
    for column in columns:
        strengths[column.name] = 1.0
        if np.array_equal(column.values, label.values):
            column.judge("it is a copy of the label")
        elif (
            column.kind == NUMBER
            and _same_order(column.values[rows], target)
            and _same_order(column.values, label.values)
        ):
            column.judge("it gives the label away: both rise and fall together")
        else:
            strengths[column.name] = _explained(numbers[column.name], column, target, seed)
            if strengths[column.name] > TELLS_ALL:
                column.judge(f"it gives the label away: it alone explains {strengths[column.name]:.1%} of it")
    left = [column for column in columns if not column.left_out]
    for column, others in _sum(left, label):
        names = " and ".join(other.name for other in others)
        column.judge(f"it gives the label away: together with {names} it adds up to it")
    strong = {name: share for name, share in strengths.items() if share > STRONG}
    left_out = {column.name for column in columns if column.left_out}
    ranked = sorted(strong.items(), key=lambda item: -item[1])
    return {name: share for name, share in ranked if name not in left_out}


def _different(table: Floats) -> Indices:
    """Return the positions of the rows that are no copies of earlier ones: a copy would tell the label of the other."""
    different = np.flatnonzero(find_originals(table.astype(np.float32)) == np.arange(len(table)))
    return different if len(different) >= MIN_ROWS else np.arange(len(table))


def _filled(column: Column) -> Floats:
    """Return numbers for a column: of texts their codes, of missing values one below all others."""
    if column.values.size:
        known = column.values[~np.isnan(column.values)]
        return np.where(np.isnan(column.values), known.min() - 1, column.values)
    codes = {level: float(code) for code, level in enumerate(sorted(column.levels))}
    return np.array([codes.get(text, -1.0) for text in column.cells.texts])[column.cells.codes]


def _same_order(one: Floats, other: Floats) -> bool:
    """Say whether one is a function of the other that only rises or only falls, such as its logarithm."""
    known = ~np.isnan(one)
    if known.sum() < 0.5 * len(one) or len(np.unique(one[known])) < 10:
        return False
    ranks = rankdata(one[known]), rankdata(other[known])
    return bool(abs(np.corrcoef(*ranks)[0, 1]) > _RANKS)


def _explained(values: Floats, column: Column, target: Floats, seed: int) -> float:
    """Return the share of the variance that a small tree explains in rows that it was not fitted to."""
    if not column.values.size:  # the order of texts means nothing
        return _explained_by_means(values, target, seed)
    tree = DecisionTreeRegressor(max_depth=8, min_samples_leaf=max(2, len(target) // 500), random_state=seed)
    folds = KFold(5, shuffle=True, random_state=seed)
    predicted = cross_val_predict(tree, values[:, np.newaxis], target, cv=folds)
    line = np.polynomial.Polynomial.fit(values, target, 1)(values) if np.ptp(values) > 0 else target.mean()
    return max(_share(target, predicted), _share(target, line) if not np.isnan(column.values).any() else 0.0)


def _explained_by_means(codes: Floats, target: Floats, seed: int) -> float:
    predicted = np.empty_like(target)
    for train, test in KFold(5, shuffle=True, random_state=seed).split(target):
        levels, numbers = np.unique(codes[train], return_inverse=True)
        means = np.bincount(numbers, target[train]) / np.bincount(numbers)
        known = np.isin(codes[test], levels)
        predicted[test] = target[train].mean()
        predicted[test[known]] = means[np.searchsorted(levels, codes[test][known])]
    return _share(target, predicted)


def _share(target: Floats, predicted: Floats) -> float:
    return float(1 - np.mean((target - predicted) ** 2) / np.var(target))


def _sum(columns: Sequence[Column], label: Column) -> list[tuple[Column, list[Column]]]:
    """Return the columns whose sum, difference or mean is the label, each with the others; nothing if there are none.

    The column that explains most of what is left is added until nothing is left. The weights must be alike: else any
    label without noise would be found.
    """
    numbers = [column for column in columns if column.kind == NUMBER and not np.isnan(column.values).any()]
    chosen: list[Column] = []
    target = label.values - label.values.mean()
    rest = target
    while len(chosen) < min(_MAX_TERMS, len(numbers)):
        others = [column for column in numbers if column not in chosen]
        best = max(others, key=lambda column: abs(_correlation(column.values, rest)))
        chosen.append(best)
        terms = np.stack([column.values - column.values.mean() for column in chosen], axis=1)
        weights = np.linalg.lstsq(terms, target, rcond=None)[0]
        rest = target - terms @ weights
        if len(chosen) > 1 and np.std(rest) < 0.01 * np.std(target):
            sizes = np.abs(weights)
            if sizes.max() - sizes.min() < 0.05 * sizes.max():
                return [(column, [other for other in chosen if other is not column]) for column in chosen]
            return []
    return []


def _correlation(one: Floats, other: Floats) -> float:
    spread = float(np.std(one) * np.std(other))
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / spread if spread > 0 else 0.0
