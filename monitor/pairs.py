"""Pairs: the predictions of two versions for the same rows, as a shadow makes possible. Pairs of two days add up.

A day's rows are joined in parts, so that memory does not grow with the log: the rows of a shadow come a little later.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np

from journal import daily_files, day_of
from monitor.cache import Arrays, Cache, state_of
from monitor.errors import MonitorError
from monitor.logs.log_file import unreadable
from monitor.logs.reading import read_predictions
from monitor.logs.rows import Hashes, PredictionRows, micros, mix
from monitor.lookup import open_log
from monitor.profiles.reference import Float32s, Floats
from monitor.window import Window

SAMPLE_PAIRS = 100_000
_PART, _WAITING = 1 << 19, 1 << 20  # rows that are joined at once, and rows of each version that may wait


@dataclass(slots=True)
class Pairs:
    """Rows that two versions predicted for.

    Attributes:
        rows: how many got a finite number from both. no_number: how many did not.
        total, squares: sum of the differences, second less first, and of their squares.
        hashes, first, second: of a sample, the rows with the smallest hashes, at most SAMPLE_PAIRS: uint64 (s,), and
            both predictions, float32 (s,).
    """

    rows: int = 0
    no_number: int = 0
    total: float = 0.0
    squares: float = 0.0
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    first: Float32s = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    second: Float32s = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    @classmethod
    def of(cls, hashes: Hashes, first: Float32s, second: Float32s) -> Self:
        """Return the pairs of some rows, (n,) each."""
        finite = np.isfinite(first) & np.isfinite(second)
        hashes, first, second = hashes[finite], first[finite], second[finite]
        differences = second.astype(np.float64) - first
        return cls(
            rows=len(first),
            no_number=len(finite) - len(first),
            total=float(differences.sum()),
            squares=float((differences**2).sum()),
            hashes=hashes,
            first=first,
            second=second,
        )._sampled()

    @property
    def differences(self) -> Floats:
        """Second less first, of the sample, float64 (s,)."""
        return self.second.astype(np.float64) - self.first

    @property
    def mean(self) -> float:
        """The mean difference of all rows."""
        return self.total / self.rows

    @property
    def sd(self) -> float:
        """The standard deviation of the differences of all rows."""
        return float(np.sqrt(max(self.squares / self.rows - self.mean**2, 0.0)))

    def __add__(self, other: Self) -> Self:
        def both(name: str) -> np.ndarray:
            return np.concatenate([getattr(self, name), getattr(other, name)])

        return type(self)(
            self.rows + other.rows,
            self.no_number + other.no_number,
            self.total + other.total,
            self.squares + other.squares,
            *(both(name) for name in ("hashes", "first", "second")),
        )._sampled()

    def _sampled(self) -> Self:
        if len(self.hashes) > SAMPLE_PAIRS:
            chosen = np.sort(np.argpartition(self.hashes, SAMPLE_PAIRS)[:SAMPLE_PAIRS])
            self.hashes, self.first, self.second = self.hashes[chosen], self.first[chosen], self.second[chosen]
        return self


def read_pairs(
    logs: Path, first: int, second: int, *, window: Window | None = None, cache: Path | None = None
) -> tuple[Pairs, list[str]]:
    """Join the rows of two versions by request, time and row, whatever their roles.

    Args:
        logs: the folder of the model's logs.
        window: by default, all that is logged.
        cache: the folder to cache the pairs of whole days in.

    Returns:
        the pairs, and sentences about files that can't be read.
    """
    total, faults = Pairs(), []
    days = set(window.days()) if window else None
    for day, paths in groupby(daily_files(logs, "predictions"), day_of):
        if days is None or day in days:
            try:
                total += _read_day(list(paths), first, second, None if window and window.holds(day) else window, cache)
            except MonitorError as error:
                faults.append(str(error))
            except OSError as error:
                faults.append(unreadable(Path(error.filename or logs), error))
    return total, faults


def _read_day(paths: list[Path], first: int, second: int, window: Window | None, cache: Path | None) -> Pairs:
    """Return the pairs of the files of a day. ``window``: None if the whole day is in it."""

    def join() -> Pairs:
        joiner = _Joiner((first, second), window)
        for path in paths:
            joiner, _ = read_predictions(open_log(path)[0], ("prediction",), joiner.joined)
        return joiner.pairs

    if window:
        return join()
    return Cache(cache).get(paths[0], f"pairs-{first}-{second}", [*map(state_of, paths)], join, _pack, _unpack)


def _pack(pairs: Pairs) -> Arrays:
    return {item.name: np.asarray(getattr(pairs, item.name)) for item in fields(Pairs)}


def _unpack(arrays: Arrays) -> Pairs:
    values: list[Any] = [
        array if array.ndim else array.item() for array in (arrays[item.name] for item in fields(Pairs))
    ]
    pairs = Pairs(*values)
    if not len(pairs.hashes) == len(pairs.first) == len(pairs.second):
        raise ValueError("the samples have different sizes")
    return pairs


_Side = tuple[Hashes, Float32s]  # keys, and predictions of one version


class _Joiner:
    """Joins rows as they come, and keeps those that wait for their counterpart."""

    def __init__(self, versions: tuple[int, int], window: Window | None) -> None:
        self.pairs = Pairs()
        self._versions = versions
        self._window = (micros(window.since), micros(window.until)) if window else None
        self._waiting: list[_Side] = [(np.zeros(0, np.uint64), np.zeros(0, np.float32))] * 2

    def joined(self, blocks: Iterable[PredictionRows]) -> _Joiner:
        """Return a joiner that has joined these blocks too; this one stays as it is, in case they are read again."""
        after, part, size = copy.copy(self), [], 0
        for rows in blocks:
            part.append([self._select(rows, version) for version in self._versions])
            size += len(rows)
            if size >= _PART:
                after._join(part)
                part, size = [], 0
        after._join(part)
        return after

    def _select(self, rows: PredictionRows, version: int) -> _Side:
        chosen = rows.versions == version
        if self._window:
            chosen &= (rows.times >= self._window[0]) & (rows.times < self._window[1])
        return mix(mix(rows.requests, rows.times), rows.numbers)[chosen], rows.values[chosen, -1]

    def _join(self, part: list[list[_Side]]) -> None:
        sides = []
        for side in zip(self._waiting, *part, strict=True):
            columns = zip(*side, strict=True)
            sides.append(tuple(map(np.concatenate, columns)))
        (keys, first), (other_keys, second) = sides
        common, here, there = np.intersect1d(keys, other_keys, return_indices=True)
        self.pairs += Pairs.of(common, first[here], second[there])
        left = [np.flatnonzero(~np.isin(keys, common))[-_WAITING:] for keys, _ in sides]
        self._waiting = [(keys[chosen], values[chosen]) for chosen, (keys, values) in zip(left, sides, strict=True)]
