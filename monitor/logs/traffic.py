"""The traffic: what the rows of the request log add up to: requests, answers, refusals, errors and latency, by hour."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from journal import PartialFailure
from monitor.logs.rows import RequestRows

# Latencies are counted in buckets of equal width on a logarithmic scale, 40 to a decade, from 0.01 ms on.
_PER_DECADE, _LEAST, BUCKETS = 40, 0.01, 361
_LONGEST = 1e9  # milliseconds; what took longer is counted with these
MAX_REASONS = 200  # different sentences that are kept
_OTHER = "other errors"
_HOUR = 3_600_000_000  # in microseconds
_BACK = 60_000_000  # by how much a clock must have gone back to be reported, in microseconds

_LOCATION = re.compile(r"row [0-9]+: |line [0-9]+(?:, column |: )")  # then comes the input, or what is wrong
_QUOTED, _NUMBER = re.compile(r"\"[^\"]*\"|'[^']*'"), re.compile(r"(?<!\w)-?[0-9](?:[0-9.,]*[0-9])?(?:e[+-]?[0-9]+)?")


@dataclass(slots=True)
class Hour:
    """The requests that arrived in an hour, or in several.

    Attributes:
        answers, refused, errors: those with a status below 400, from 400 to 499, and from 500 on.
        latencies: how many took how long, int64 (BUCKETS,).
    """

    answers: int = 0
    refused: int = 0
    errors: int = 0
    latencies: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BUCKETS, dtype=np.int64))

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    @property
    def requests(self) -> int:
        """All of them."""
        return self.answers + self.refused + self.errors

    def latency(self, quantile: float) -> float | None:
        """Return a quantile of the latency in milliseconds, right to 3 %; None without requests."""
        counts = np.cumsum(self.latencies)
        if not counts[-1]:
            return None
        bucket = int(np.searchsorted(counts, quantile * counts[-1]))
        return float(_LEAST * 10 ** ((bucket - 0.5) / _PER_DECADE))


@dataclass(slots=True)
class Traffic:
    """The requests of one file, or of several. Those that bring ground truth are left out.

    Attributes:
        hours: by hour, as "2026-11-20T00".
        refusals: requests with a value that was not accepted, by input.
        reasons: requests by the sentence that says what was wrong, with # for each number and … for what is quoted.
        partial: answered requests of which some rows have no prediction.
        faults: sentences about what could not be read.
    """

    hours: dict[str, Hour] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    partial: int = 0
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: Self) -> Self:
        hours = self.hours | other.hours
        for hour in self.hours.keys() & other.hours.keys():
            hours[hour] = self.hours[hour] + other.hours[hour]
        return type(self)(
            dict(sorted(hours.items())),
            self.refusals + other.refusals,
            self.reasons + other.reasons,
            self.partial + other.partial,
            list(dict.fromkeys([*self.faults, *other.faults])),
        )

    @property
    def total(self) -> Hour:
        """The sum over all hours."""
        return sum(self.hours.values(), Hour())


class TrafficCounter:
    """Adds up the rows of one file.

    Args:
        inputs: the names of the model's inputs.
    """

    def __init__(self, inputs: Collection[str]) -> None:
        self.traffic = Traffic()
        self.gone_back = 0  # rows that were written by an earlier clock than a row before them
        self._inputs = inputs
        self._latest = 0

    def add(self, rows: RequestRows) -> None:
        """Add a block of rows; blocks come in the order of the file."""
        durations = np.clip(np.nan_to_num(rows.durations), 0, _LONGEST)
        written = rows.times + (durations * 1000).astype(np.int64)  # a row is written when its request ends
        latest = np.maximum.accumulate(np.maximum(written, self._latest))
        self.gone_back += int(np.count_nonzero(latest - written > _BACK))
        self._latest = int(latest[-1])
        asked = ~rows.feedback
        hours, buckets = rows.times // _HOUR, _buckets(durations)
        for hour in np.unique(hours[asked]).tolist():
            here = asked & (hours == hour)
            kinds = np.bincount(np.clip(rows.statuses[here] // 100, 3, 5), minlength=6)[3:]
            name = datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H")
            answers, refused, errors = kinds.tolist()
            counts = Hour(answers, refused, errors, np.bincount(buckets[here], minlength=BUCKETS))
            self.traffic.hours[name] = self.traffic.hours.get(name, Hour()) + counts
        if any(rows.texts):
            wrong = asked & np.array([bool(text) for text in rows.texts])[rows.errors]
            for code, count in Counter(rows.errors[wrong].tolist()).items():
                self._add_error(rows.texts[code], count)

    def _add_error(self, error: str, requests: int) -> None:
        traffic = self.traffic
        if failure := PartialFailure.parse(error):
            traffic.partial += requests
            error = failure.message
        if location := _LOCATION.match(error):
            error = error[location.end() :]
        name, colon, _ = error.partition(":")
        if colon and name in self._inputs:
            traffic.refusals[name] += requests
        reason = _NUMBER.sub("#", _QUOTED.sub("…", error))
        if reason not in traffic.reasons and len(traffic.reasons) >= MAX_REASONS:
            reason = _OTHER
        traffic.reasons[reason] += requests


def _buckets(durations: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bucket of each latency in milliseconds."""
    buckets: NDArray[np.float64] = np.ceil(np.log10(np.clip(durations, _LEAST, _LONGEST) / _LEAST) * _PER_DECADE)
    return np.minimum(buckets.astype(np.int64), BUCKETS - 1, dtype=np.int64)
