"""The jackknife: intervals of a figure whose rows come in requests, and are not independent within one.

Each request is left out in turn, with all its rows. No random numbers, and one pass over the requests: the figure must
follow from sums over them. Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 11; with groups left
out: Wolter, Introduction to Variance Estimation (2007), chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from monitor.profiles.reference import Floats

COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; the ends are NaN if there is only one request."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends."""
        return self.low, self.high


def jackknife(sums: Floats, figure: Callable[[Floats], Floats]) -> Estimate:
    """Return a figure with its interval: Student's t with one degree of freedom less than there are requests.

    Args:
        sums: the sums over the rows of each request, float64 (requests, s).
        figure: float64 (…, s) sums over any rows to their figures, (…,). It has to be smooth, like a mean or a ratio.
    """
    total, requests = sums.sum(axis=0), len(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(figure(total))
        without = figure(total - sums)
    if requests < 2:
        return Estimate(value, math.nan, math.nan)
    variance = (requests - 1) / requests * float(((without - without.mean()) ** 2).sum())
    margin = float(stdtrit(requests - 1, (1 + COVERAGE) / 2)) * math.sqrt(variance)
    return Estimate(value, value - margin, value + margin)


def positive(sums: Floats, figure: Callable[[Floats], Floats]) -> Estimate:
    """Return a figure that is never negative, like an RMSE: the interval is that of its logarithm.

    A few large errors make the estimate's distribution skewed, its logarithm's much less so.
    """
    total = sums.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        smallest = min(float(figure(total)), float(np.min(figure(total - sums), initial=np.inf)))
    if not smallest > 0:  # all of the error is in one request, or there is none
        plain = jackknife(sums, figure)
        return Estimate(plain.value, max(plain.low, 0.0), plain.high)
    logarithm = jackknife(sums, lambda part: np.log(figure(part)))
    return Estimate(*(math.exp(min(end, 700.0)) for end in (logarithm.value, logarithm.low, logarithm.high)))


def sums_by_request(requests: np.ndarray, *values: Floats) -> Floats:
    """Return the number of rows of each request, and the sum of each value over them, float64 (requests, 1 + v).

    Args:
        requests: which request each row came with, (n,).
        values: float64 (n,) each.
    """
    codes, _ = pd.factorize(requests)  # of texts, much faster than numpy.unique, which sorts them
    return np.column_stack([np.bincount(codes, weights) for weights in (np.ones(len(codes)), *values)])
