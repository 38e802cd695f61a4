"""A profile: the sums over rows of the prediction log that every test needs. Profiles of two files add up to one.

Rows of one request are seldom independent, so beside the sums over rows there are sums of the squares of the sums of
each request: the variance between requests follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from monitor.logs.rows import Hashes
from monitor.profiles.reference import Float32s, Floats, Ints, Reference

SAMPLE_ROWS = 5000
MAX_FAULTS = 50  # sentences that a profile keeps
ANSWERING = ("champion", "canary", "fallback")  # the roles whose rows clients are sent, unless a URL names a version


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

    @classmethod
    def zeros(cls, scores: int) -> Self:
        """Return the sums over no rows."""
        return cls(*(np.zeros(scores) for _ in fields(cls)))

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

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
    """The sums over the rows that one version answered in one role, without those whose prediction was not plausible.

    A profile plus another has exactly the counts, and the sample, of the rows of both; float sums are exact but for
    rounding. A request with rows in both counts as two: that is one whose rows are in two files, or that two versions
    answered.

    Attributes:
        rows, requests: how many.
        counts: by column, how many rows are in each cell, int64 (2d + 1,).
        outside: rows that the service flagged for a value outside the training range, by input, int64 (k,).
        other: those that it flagged for a text that is no level, likewise.
        implausible: rows whose prediction was not sent; they are counted here and nowhere else.
        fallback: rows that answered for another version.
        values: sum and sum of squares of the values less the reference's mean, in its standard deviations, (k + 1, 2).
        scores: of the mid-ranks, an element a column.
        categories: by column, of the indicators of each cell; only for categories.
        products: of the products of two inputs' mid-ranks less ½, an element a pair (i < j, in the order of
            ``numpy.triu_indices(k, 1)``), over the rows that have both.
        missing_sums: of the indicators of a missing value, an element a column, over all rows.
        sample: the rows with the smallest hashes, at most SAMPLE_ROWS: float32 (s, k + 1);
        sample_hashes, sample_requests: of these rows, and of their requests, uint64 (s,).
    """

    rows: int
    requests: int
    counts: list[Ints]
    outside: Ints
    other: Ints
    implausible: int
    fallback: int
    values: Floats
    scores: RequestSums
    categories: list[RequestSums | None]
    products: RequestSums
    missing_sums: RequestSums
    sample: Float32s
    sample_hashes: Hashes
    sample_requests: Hashes

    @classmethod
    def empty(cls, reference: Reference) -> Self:
        """Return the profile of no rows."""
        columns = reference.columns
        inputs = len(columns) - 1
        cells = [2 * len(column.points) + 1 for column in columns]
        return cls(
            rows=0,
            requests=0,
            counts=[np.zeros(count, dtype=np.int64) for count in cells],
            outside=np.zeros(inputs, dtype=np.int64),
            other=np.zeros(inputs, dtype=np.int64),
            implausible=0,
            fallback=0,
            values=np.zeros((inputs + 1, 2)),
            scores=RequestSums.zeros(inputs + 1),
            categories=[
                RequestSums.zeros(count) if column.kind == "category" else None
                for column, count in zip(columns, cells, strict=True)
            ],
            products=RequestSums.zeros(inputs * (inputs - 1) // 2),
            missing_sums=RequestSums.zeros(inputs + 1),
            sample=np.zeros((0, inputs + 1), dtype=np.float32),
            sample_hashes=np.zeros(0, dtype=np.uint64),
            sample_requests=np.zeros(0, dtype=np.uint64),
        )

    @property
    def missing(self) -> Ints:
        """By column, the rows without a value, or with one that is not finite, int64 (k + 1,)."""
        return self.rows - np.array([counts.sum() for counts in self.counts], dtype=np.int64)

    def __add__(self, other: Self) -> Self:
        total = type(self)(**{item.name: _add(item.name, self, other) for item in fields(self)})
        total.keep_sample(
            np.concatenate([self.sample, other.sample]),
            np.concatenate([self.sample_hashes, other.sample_hashes]),
            np.concatenate([self.sample_requests, other.sample_requests]),
        )
        return total

    def keep_sample(self, rows: Float32s, hashes: Hashes, requests: Hashes) -> None:
        """Take the rows with the smallest hashes for the sample; among equal ones, those with the smallest values."""
        order = np.lexsort((*rows.T[::-1], requests, hashes))[:SAMPLE_ROWS]
        self.sample, self.sample_hashes, self.sample_requests = rows[order], hashes[order], requests[order]


def _add(name: str, first: Profile, second: Profile) -> Any:
    """Return the sum of a field of two profiles, of lists that of each element; of a sample the first one's."""
    one, other = getattr(first, name), getattr(second, name)
    if isinstance(one, list):
        return [None if part is None else part + more for part, more in zip(one, other, strict=True)]
    return one if name.startswith("sample") else one + other


@dataclass(slots=True)
class FileProfile:
    """The profile of one file, or of several that were compared with one reference: by version and role.

    Attributes:
        groups: by (version, role).
        faults: sentences about what could not be read.
    """

    groups: dict[tuple[int, str], Profile] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: Self) -> Self:
        groups = self.groups | other.groups
        for key in self.groups.keys() & other.groups.keys():
            groups[key] = self.groups[key] + other.groups[key]
        faults = list(dict.fromkeys([*self.faults, *other.faults]))[:MAX_FAULTS]
        return type(self)(dict(sorted(groups.items())), faults)

    def answered(self, reference: Reference) -> Profile:
        """Return the sum over every row that a client was sent: of champion, canary and fallback.

        Rows of a shadow and of a version that the URL named are not in it.
        """
        total = Profile.empty(reference)
        for (_, role), profile in self.groups.items():
            if role in ANSWERING:
                total += profile
        return total
