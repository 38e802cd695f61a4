"""The runs of a block: rows of one request that stand together, and their sums.

A long CSV file is logged in several writes with other requests between them. So runs of at least LONG_RUN rows are
remembered, and what comes later of the same request counts with them.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from monitor.logs.rows import Hashes
from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Floats, Ints

Mask = NDArray[np.bool_] | None  # which rows have a value; None for all

LONG_RUN = 256


class Runs:
    """The runs of a block: the rows of one request that stand together.

    Attributes:
        requests: of each row, uint64 (n,). numbers: which row of the request it is, int64 (n,).
        starts, lengths: of each run, int64 and float64 (r,).
        continued: whether the first one goes on where the last block ended.
        unfinished: which runs may have more rows elsewhere, int64 (c,).
        unfinished_sums: the sum and the number of rows of each score over these, a list of (2, c).
    """

    def __init__(self, starts: Ints, requests: Hashes, numbers: Ints, continued: bool) -> None:
        self.starts, self.requests, self.numbers, self.continued = starts, requests, numbers, continued
        self.lengths = np.diff(starts, append=len(requests)).astype(np.float64)
        self.single = len(starts) == len(requests)
        self.unfinished = np.zeros(0, dtype=np.int64)
        self.unfinished_sums: list[Floats] = []

    def find_unfinished(self, remembered: Collection[int], *, open_ended: bool) -> None:
        """Find the runs that may have more rows elsewhere: long ones, parts of long ones, the first and the last."""
        later = np.flatnonzero(self.numbers[self.starts] > 0)
        chosen = set(np.flatnonzero(self.lengths >= LONG_RUN).tolist())
        if remembered:
            keys = self.requests[self.starts[later]].tolist()
            chosen.update(place for place, key in zip(later.tolist(), keys, strict=True) if key in remembered)
        chosen.update([0] * self.continued, [len(self.starts) - 1] * open_ended)
        self.unfinished = np.array(sorted(chosen), dtype=np.int64)

    def sum(self, scores: Floats) -> Floats:
        """Return the sum over each run of scores, float64 (n,)."""
        total: Floats = scores if self.single else np.add.reduceat(scores, self.starts)
        return total

    def add_to(self, sums: RequestSums, place: int, scores: Floats, present: Mask) -> None:
        """Add a score, float64 (n,), to one element of the sums.

        Args:
            present: which rows have it, bool (n,); the score of the others is 0. None for all.
        """
        totals = self.sum(scores)
        sizes = self.lengths if present is None else self.sum(present.astype(np.float64))
        sums.rows[place] += sizes.sum()
        sums.requests[place] += np.count_nonzero(sizes)
        sums.total[place] += totals.sum()
        sums.squares[place] += dot(scores, scores)
        sums.request_squares[place] += dot(totals, totals)
        sums.request_products[place] += dot(totals, sizes)
        sums.size_squares[place] += dot(sizes, sizes)
        self.unfinished_sums.append(np.stack([totals[self.unfinished], sizes[self.unfinished]]))

    def add_indicators(self, sums: RequestSums, cells: Ints, present: Mask) -> None:
        """Add the indicators of the cells, an element each.

        Args:
            cells: of the rows that have a value, int64 (m,).
        """
        run_of_row = np.repeat(np.arange(len(self.starts)), self.lengths.astype(np.int64))
        sizes = self.lengths
        if present is not None:
            run_of_row, sizes = run_of_row[present], self.sum(present.astype(np.float64))
        width = len(sums.rows)
        keys, inverse = np.unique(run_of_row * width + cells, return_inverse=True)
        counts = np.bincount(inverse, minlength=len(keys)).astype(np.float64)
        run, cell = keys // width, keys % width
        sums.rows += sizes.sum()
        sums.requests += np.count_nonzero(sizes)
        in_cell = np.bincount(cells, minlength=width)
        sums.total += in_cell
        sums.squares += in_cell
        sums.request_squares += np.bincount(cell, counts**2, width)
        sums.request_products += np.bincount(cell, counts * sizes[run], width)
        sums.size_squares += dot(sizes, sizes)
        parts = np.zeros((2, len(self.unfinished), width))
        place = np.searchsorted(self.unfinished, run)
        ours = np.flatnonzero(np.append(self.unfinished, -1)[place] == run)
        parts[0, place[ours], cell[ours]] = counts[ours]
        parts[1] = sizes[self.unfinished, np.newaxis]
        self.unfinished_sums.extend(np.moveaxis(parts, 2, 0))


def dot(first: Floats, second: Floats) -> float:
    """Return the inner product; unlike BLAS, without threads that wait for each other on a busy machine."""
    return float(np.einsum("i,i->", first, second))
