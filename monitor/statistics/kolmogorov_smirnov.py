"""Kolmogorov and Smirnov: the largest distance of two distribution functions. It finds a change of any kind."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import kstwo

from monitor.profiles.reference import Ints


def statistic(window: Ints, reference: Ints) -> float:
    """Return the distance D, 0 to 1, of rows that are counted in cells, int64 (2d + 1,) each.

    It is exact: in a gap the reference's distribution function is constant and the window's rises, so the largest
    distance is at one end of a gap. Those are the places where a cell ends.
    """
    return float(np.abs(_distances(window, reference)).max())


def place(window: Ints, reference: Ints) -> tuple[int, float, float]:
    """Return the cell at whose end the distance is largest, and the shares of window and reference up to there."""
    cell = int(np.abs(_distances(window, reference)).argmax())
    return cell, float(window[: cell + 1].sum() / window.sum()), float(reference[: cell + 1].sum() / reference.sum())


def p_value(distance: float, window_rows: float, reference_rows: float) -> float:
    """Return the probability of such a distance or a larger one, if both have the same distribution.

    The distribution of one sample of n m / (n + m) rows, as in ``scipy.stats.ks_2samp(method="asymp")``; Simard and
    L'Ecuyer, Journal of Statistical Software 39 (2011) 11. Rows of one request are not independent: give the rows over
    their design effect.
    """
    rows = max(round(window_rows * reference_rows / (window_rows + reference_rows)), 1)
    return float(kstwo.sf(distance, rows))


def effect(distance: float) -> float:
    """Return the shift of a normal distribution that has this distance, in standard deviations: 0.06 is 0.15 of them.

    D = 2 Φ(shift / 2) - 1. It is 6 at most, so that it is finite.
    """
    return min(2 * float(ndtri((1 + distance) / 2)), 6.0)


def _distances(window: Ints, reference: Ints) -> np.ndarray:
    distances: np.ndarray = np.cumsum(window) / window.sum() - np.cumsum(reference) / reference.sum()
    return distances
