"""Mann and Whitney: how often a row of the window is larger than one of the reference. It finds a shift."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from monitor.profiles.reference import Ints


def statistic(window: Ints, reference: Ints) -> float:
    """Return the AUC, 0 to 1: the share of pairs in which the window's row is larger; ties count half.

    It is U / (n R) of Mann and Whitney (1947), and the mean of the window's mid-ranks in the reference.

    Args:
        window, reference: how many rows are in each cell, int64 (2d + 1,).
    """
    below = np.cumsum(reference) - reference
    return float((window * (below + reference / 2)).sum() / (window.sum() * reference.sum()))


def p_value(auc: float, window_rows: float, reference_rows: float, ties: float) -> float:
    """Return the two-sided probability of such an AUC if both have the same distribution.

    The normal approximation without a correction for continuity, as in ``scipy.stats.mannwhitneyu``: the variance of
    U / (n R) is (n + R + 1) / (12 n R) times ``ties``. Rows of one request are not independent: give the rows over
    their design effect, which makes the variance the one between requests.
    """
    variance = ties * (window_rows + reference_rows + 1) / (12 * window_rows * reference_rows)
    if variance <= 0:
        return 1.0
    return math.erfc(abs(auc - 0.5) / math.sqrt(2 * variance))


def ties(window: Ints, reference: Ints) -> float:
    """Return what the ties take from the variance: 1 - Σ(t³ - t) / (N³ - N); 1 without ties, 0 if all rows are equal.

    Rows of the window in one gap count as different values, since their counts don't tell: that errs on the safe side.
    """
    tied = (window + reference)[1::2].astype(np.float64)
    rows = float(window.sum() + reference.sum())
    return float(1 - ((tied**3 - tied) / max(rows**3 - rows, 1)).sum())


def effect(auc: float) -> float:
    """Return the shift of a normal distribution that has this AUC, in standard deviations: 0.54 is 0.14 of them.

    √2 Φ⁻¹(AUC): McGraw and Wong, A common language effect size statistic, Psychological Bulletin 111 (1992) 361. It is
    positive if the window's rows are larger; it is 6 at most, so that it is finite.
    """
    return max(-6.0, min(math.sqrt(2) * float(ndtri(auc)), 6.0))
