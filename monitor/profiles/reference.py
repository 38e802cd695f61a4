"""The reference: the rows that the log's rows are compared with, and the cells that they make of each column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]
Kind = Literal["number", "category", "prediction"]


@dataclass(frozen=True)
class Column:
    """One column of the reference: an input, or the prediction.

    Attributes:
        points: its different values, ascending, float32 (d,); no NaN.
        counts: how many rows of the reference have each, int64 (d,).
        missing: how many rows of the reference have none.
    """

    name: str
    kind: Kind
    points: Float32s
    counts: Ints
    missing: int = 0

    @classmethod
    def of(cls, name: str, kind: Kind, values: Float32s) -> Column:
        """Return the column of some values, float32 (R,); NaN stands for a missing one."""
        present = values[~np.isnan(values)]
        points, counts = np.unique(present, return_counts=True)
        return cls(name, kind, points, counts.astype(np.int64), len(values) - len(present))

    @property
    def rows(self) -> int:
        """How many rows of the reference have a value."""
        return int(self.counts.sum())

    @cached_property
    def scores(self) -> Floats:
        """The mid-rank of each cell in the reference, 0 to 1, float64 (2d + 1,).

        The mean of a window's scores is the probability that a row of the window has the larger value than one of the
        reference, ties counting half: the AUC, which is Mann and Whitney's U / (n R).
        """
        ends = np.concatenate([[0], np.cumsum(self.counts)]) / max(self.rows, 1)
        scores = np.empty(2 * len(self.points) + 1)
        scores[0::2] = ends
        scores[1::2] = (ends[:-1] + ends[1:]) / 2
        return scores

    @cached_property
    def cell_counts(self) -> Ints:
        """How many rows of the reference are in each cell, int64 (2d + 1,); the gaps have none."""
        counts = np.zeros(2 * len(self.points) + 1, dtype=np.int64)
        counts[1::2] = self.counts
        return counts

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return float(np.average(self.points.astype(np.float64), weights=self.counts))

    @property
    def sd(self) -> float:
        """The standard deviation of the values, with R in the denominator."""
        deviations = self.points.astype(np.float64) - self.mean
        return float(np.sqrt(np.average(deviations**2, weights=self.counts)))

    def cells(self, values: Float32s) -> Ints:
        """Return the cell of each value, 0 to 2d: the odd ones are the points, the even ones the gaps. No NaN."""
        left = np.searchsorted(self.points, values)
        padded = np.append(self.points, np.float32(np.nan))
        cells: Ints = 2 * left + (padded[left] == values)
        return cells


@dataclass(frozen=True)
class Reference:
    """What a window of the log is compared with.

    Attributes:
        source: "training", or "pinned": a calm window of the log.
        version: the version whose training rows these are, or that answered the pinned window.
        digest: the SHA-256 of the file, and of the model that predicted for it; profiles are kept under it.
        columns: the inputs in their order, then the prediction.
        rows: float32 (R, k + 1), as the columns; NaN stands for a missing value.
        requests: which request each row came with, int64 (R,); training rows came one by one.
    """

    source: Literal["training", "pinned"]
    version: int
    digest: str
    columns: tuple[Column, ...]
    rows: Float32s
    requests: Ints
