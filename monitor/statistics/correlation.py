"""Correlations of two inputs' mid-ranks in the reference: Spearman's, but both samples have the same ranks.

A rank is between 0 and 1, so no absurd value can move a correlation far; and their sums add.
"""

from __future__ import annotations

import math

import numpy as np

from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Floats

LARGEST = 1 - 1e-9  # Fisher's z of 1 is infinite


def correlations(scores: RequestSums, products: RequestSums, inputs: int) -> Floats:
    """Return the correlation of each pair of inputs, -1 to 1; NaN if one of them is constant.

    Args:
        scores: of the mid-ranks; an element a column, the inputs first.
        products: of the products of two mid-ranks less ½; an element a pair, as in ``numpy.triu_indices(inputs, 1)``.
            Means and variances are those of the rows that have the input, also if the other is missing.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = scores.mean[:inputs] - 0.5
        variance = (scores.squares / scores.rows - scores.mean**2)[:inputs]
        first, second = np.triu_indices(inputs, 1)
        covariance = products.mean - mean[first] * mean[second]
        spread = np.sqrt(np.maximum(variance[first] * variance[second], 0))
        result: Floats = np.where(spread > 1e-12, np.clip(covariance / spread, -1, 1), np.nan)
    return result


def statistic(window: float, reference: float, window_rows: float, reference_rows: float) -> float:
    """Return the difference of Fisher's z of two correlations, in its standard errors.

    The variance of Fisher's z of a rank correlation r is (1 + r² / 2) / (n - 3): Bonett and Wright, Psychometrika 65
    (2000) 23. Rows of one request are not independent: give the rows over the design effect of the products.
    """
    variance = (1 + window**2 / 2) / max(window_rows - 3, 1) + (1 + reference**2 / 2) / max(reference_rows - 3, 1)
    return (_fisher(window) - _fisher(reference)) / math.sqrt(variance)


def p_value(z: float) -> float:
    """Return the two-sided probability of such a difference, if both correlations are the same."""
    return math.erfc(abs(z) / math.sqrt(2))


def effect(window: float, reference: float) -> float:
    """Return the change of the correlation."""
    return window - reference


def _fisher(correlation: float) -> float:
    return math.atanh(max(-LARGEST, min(correlation, LARGEST)))
