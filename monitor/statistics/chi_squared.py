"""Pearson's chi-squared of homogeneity: whether the categories have the same shares."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from monitor.profiles.reference import Floats, Ints


def categories(cells: Ints) -> Ints:
    """Return the counts of the categories from those of the cells: of each point, and of all gaps, which is unseen."""
    return np.append(cells[1::2], cells[0::2].sum())


def statistic(window: Ints, reference: Ints) -> float:
    """Return Pearson's statistic of two rows of counts by category, int64 (c,) each."""
    table = np.stack([window, reference]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def p_value(chi_squared: float, categories_seen: int, design_effect: float = 1.0) -> float:
    """Return the probability of such a statistic or a larger one, if both have the same shares.

    The correction for rows of one request is the first-order one of Rao and Scott, Annals of Statistics 12 (1984) 46:
    the statistic over the mean design effect.

    Args:
        categories_seen: how many categories have a row, in the window or in the reference.
    """
    return float(chdtrc(categories_seen - 1, chi_squared / design_effect)) if categories_seen > 1 else 1.0


def effect(window: Ints, reference: Ints) -> float:
    """Return the largest change of a category's share, 0 to 1."""
    return float(np.abs(window / window.sum() - reference / reference.sum()).max())


def design_effect(cells: Ints, of_cells: Floats) -> float:
    """Return the mean design effect of a sample: Σ(1 - share) deff / (c - 1), at least 1.

    Args:
        cells: how many rows are in each cell, int64 (2d + 1,).
        of_cells: the design effect of each cell's share, float64 (2d + 1,). Unseen values have the mean of theirs.
    """
    gaps = cells[0::2]
    unseen = float(np.average(of_cells[0::2], weights=gaps)) if gaps.any() else 1.0
    counts, effects = categories(cells), np.append(of_cells[1::2], unseen)
    seen = counts > 0
    if seen.sum() < 2:
        return 1.0
    left = 1 - counts[seen] / counts.sum()
    return max(float(left @ effects[seen] / (seen.sum() - 1)), 1.0)
