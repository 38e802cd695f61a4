"""Pairs: the predictions of two versions for the same rows, as a shadow makes possible. Pairs of two days add up.

A day's keys and predictions are held in memory, 12 bytes a row: the rows of a shadow come a little later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np

from journal import daily_files, day_of
from monitor.cache import Arrays, Cache, state_of
from monitor.errors import MonitorError
from monitor.logs.checked_reader import read_predictions
from monitor.logs.log_file import unreadable
from monitor.logs.rows import Hashes, PredictionRows, micros, mix
from monitor.lookup import open_log
from monitor.profiles.reference import Float32s, Floats
from monitor.window import Window

SAMPLE_PAIRS = 100_000
_PARTS = 16  # of a day, joined one after the other: sorting takes several times the memory of what is sorted
_Side = tuple[Hashes, Float32s]  # keys of rows, and what one version predicted for them


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
        sides = [(np.zeros(0, np.uint64), np.zeros(0, np.float32))] * 2
        for path in paths:
            make = partial(_select, sides=sides, versions=(first, second), window=window)
            sides, _ = read_predictions(open_log(path)[0], ("prediction",), make)
        pairs = Pairs()
        for part in range(_PARTS):
            (keys, one), (other_keys, other) = (_part(side, part) for side in sides)
            common, here, there = np.intersect1d(keys, other_keys, return_indices=True)
            pairs += Pairs.of(common, one[here], other[there])
        return pairs

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


def _select(
    blocks: Iterable[PredictionRows], sides: Sequence[_Side], versions: Sequence[int], window: Window | None
) -> list[_Side]:
    """Return the sides, each with the rows of its version that lie in a window."""
    parts = [[side] for side in sides]
    for rows in blocks:
        keys = mix(mix(rows.requests, rows.times), rows.numbers)
        inside = np.ones(len(rows), dtype=bool)
        if window:
            inside = (rows.times >= micros(window.since)) & (rows.times < micros(window.until))
        for part, version in zip(parts, versions, strict=True):
            chosen = inside & (rows.versions == version)
            part.append((keys[chosen], rows.values[chosen, -1]))
    return [(np.concatenate([keys for keys, _ in part]), np.concatenate([of for _, of in part])) for part in parts]


def _part(side: _Side, part: int) -> _Side:
    keys, predictions = side
    chosen = keys % np.uint64(_PARTS) == part
    return keys[chosen], predictions[chosen]
