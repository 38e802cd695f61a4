"""A profile: the sums over rows of the prediction log that every test needs. Profiles of two files add up to one.

Rows of one request are seldom independent, so beside the sums over rows there are sums of the squares of the sums of
each request: the variance between requests follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitor.profiles.reference import Float32s, Floats, Ints, Reference

SAMPLE_ROWS = 5000


@dataclass(slots=True)
class RequestSums:
    """Sums of a score over rows, and over requests; each a float64 array with an element a score.

    With S the sum of the scores of a request and m its number of rows that have one:

    Attributes:
        rows: sum of m. requests: how many requests have at least one such row.
        total: sum of S. squares: sum over rows of the score squared.
        request_squares: sum of S². request_products: sum of S m. size_squares: sum of m².
    """

    rows: Floats
    requests: Floats
    total: Floats
    squares: Floats
    request_squares: Floats
    request_products: Floats
    size_squares: Floats

    @property
    def mean(self) -> Floats:
        """The mean score of a row; NaN without rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / self.rows

    @property
    def design_effect(self) -> Floats:
        """How many times larger the variance of the mean is than that of independent rows; 1 if nobody can tell.

        Kish, Survey Sampling (1965), section 8.2: the variance between clusters over the variance of single rows.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.total / self.rows
            between = self.request_squares - 2 * mean * self.request_products + mean**2 * self.size_squares
            single = self.squares - self.rows * mean**2
            ratio = between / single * (self.requests / (self.requests - 1))
        return np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)


@dataclass(slots=True)
class Profile:
    """The sums over the rows that one version answered in one role.

    Attributes:
        rows, requests: how many.
        counts: by column, how many rows are in each cell, int64 (2d + 1,).
        missing: rows without a value, int64 (k + 1,).
        outside: rows with a value outside the training range, by input, int64 (k,).
        implausible, fallback: rows whose prediction was not sent; rows that answered for another version.
        values: sum and sum of squares of the values less the reference's mean, in its standard deviations, (k + 1, 2).
        scores: of the mid-ranks, an element a column.
        categories: by column, of the indicators of each cell; only for categories.
        products: of the products of two inputs' mid-ranks less ½, an element a pair (i < j, in the order of
            ``numpy.triu_indices(k, 1)``), over the rows that have both.
        sample: the rows with the smallest hashes, at most SAMPLE_ROWS: float32 (s, k + 1);
        sample_hashes, sample_requests: of these rows, and of their requests, uint64 (s,).
        missing_sums: of the indicators of a missing value, an element a column; None if nobody counted by request.
    """

    rows: int
    requests: int
    counts: list[Ints]
    missing: Ints
    outside: Ints
    implausible: int
    fallback: int
    values: Floats
    scores: RequestSums
    categories: list[RequestSums | None]
    products: RequestSums
    sample: Float32s
    sample_hashes: np.ndarray
    sample_requests: np.ndarray
    missing_sums: RequestSums | None = None


@dataclass(slots=True)
class FileProfile:
    """The profile of one file, or of several: by version and role.

    Attributes:
        digest: of the reference.
        groups: by (version, role).
        torn: lines that are not whole rows.
        faults: sentences about what could not be read.
    """

    digest: str
    groups: dict[tuple[int, str], Profile] = field(default_factory=dict)
    torn: int = 0
    faults: list[str] = field(default_factory=list)

    def answered(self, reference: Reference) -> Profile:
        """Return the sum over every row that a client was sent: of champion, canary and fallback, not of the shadow."""
        raise NotImplementedError
