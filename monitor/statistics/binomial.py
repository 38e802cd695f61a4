"""Shares of rows: missing, refused, outside the reference's range. Exact tests of binomial counts."""

from __future__ import annotations

from scipy.stats import betabinom, binom, hypergeom


def statistic(count: int, rows: int) -> float:
    """Return the share, 0 to 1."""
    return count / rows if rows else 0.0


def p_value(count: float, rows: float, reference_count: float, reference_rows: float) -> float:
    """Return the two-sided probability of such a difference of two binomial shares, if both are the same.

    Fisher's exact test: twice the smaller tail of the hypergeometric distribution. Rows of one request are not
    independent: give counts and rows over their design effect; they are rounded.
    """
    count, rows, reference_count, reference_rows = map(round, (count, rows, reference_count, reference_rows))
    law = hypergeom(rows + reference_rows, count + reference_count, rows)
    return min(2 * min(float(law.sf(count - 1)), float(law.cdf(count))), 1.0)


def p_value_outside(count: float, rows: float, reference_rows: float) -> float:
    """Return the probability that so many rows or more lie outside the smallest and largest of the reference's values.

    The probability of a new row to lie there has the distribution Beta(2, R - 1), whatever the distribution of the rows
    (Wilks, Annals of Mathematical Statistics 12 (1941) 91), so the count has the beta-binomial one. Ties make it
    smaller.
    """
    if reference_rows < 2:
        return 1.0
    return float(betabinom.sf(round(count) - 1, round(rows), 2, round(reference_rows) - 1))


def p_value_above(count: float, rows: float, share: float) -> float:
    """Return the probability of such a count or a larger one if the probability of each is ``share``, or less."""
    return float(binom.sf(round(count) - 1, round(rows), share))


def effect(share: float, reference_share: float) -> float:
    """Return the change of the share."""
    return share - reference_share
