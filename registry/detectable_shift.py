"""The smallest shift of a column that monitoring can find. Known before there is any traffic."""

from __future__ import annotations

import math
from statistics import NormalDist

ALPHA = 0.01  # the chance of a false alarm in one report
EFFECT = 0.15  # a smaller shift is no drift, in standard deviations
POWER = 0.8
COLUMNS_WEIGHT = 0.8  # how much of alpha the tests of columns may use; two tests a column
_NORMAL = NormalDist()


def column_level(columns: int, alpha: float = ALPHA) -> float:
    """Return the level of each of the two tests of a column, inputs and prediction counted."""
    return COLUMNS_WEIGHT * alpha / (2 * columns)


def detectable_shift(reference_rows: float, rows: float, level: float) -> float:
    """Return the shift that Mann and Whitney's test finds in 80 of 100 windows, in standard deviations.

    (z of level / 2 + z of power) √(1 / n + 1 / R) √(π / 3): the normal approximation for a shifted normal distribution,
    where the test has the efficiency 3 / π (Lehmann, Nonparametrics (1975), section 2.4).

    Args:
        reference_rows, rows: how many independent rows there are; ``math.inf`` of the window for the limit.
        level: of the test, two-sided.
    """
    if min(reference_rows, rows) <= 0:
        return math.inf
    return _factor(level) * math.sqrt(1 / rows + 1 / reference_rows)


def rows_needed(reference_rows: float, shift: float, level: float) -> float:
    """Return how many independent rows find a shift in 80 of 100 windows; infinity if the reference is too small."""
    if reference_rows <= 0:
        return math.inf
    inverse = (shift / _factor(level)) ** 2 - 1 / reference_rows
    return 1 / inverse if inverse > 0 else math.inf


def smallest_shift_sentence(reference_rows: int, inputs: int) -> str:
    """Return what to tell whoever publishes a version with so many rows in its reference."""
    shift = detectable_shift(reference_rows, math.inf, column_level(inputs + 1))
    return (
        f"Monitoring compares with {reference_rows} rows: it can't reliably find a shift of an input by less than "
        f"{max(shift, EFFECT):.2f} standard deviations, however many rows come."
    )


def _factor(level: float) -> float:
    return (_NORMAL.inv_cdf(1 - level / 2) + _NORMAL.inv_cdf(POWER)) * math.sqrt(math.pi / 3)
