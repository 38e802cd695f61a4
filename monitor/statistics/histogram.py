"""Histograms for the page, from the counts of the cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.profiles.reference import Column, Floats, Ints
from monitor.statistics import chi_squared

BINS = 20


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of rows by bin.

    Attributes:
        edges: the inner edges, ascending: the first and the last bin are open, so there is one bin more than edges. Of
            a category: its codes; the last bin is for all other values.
        reference, window: the share of the rows in each bin; empty without rows.
    """

    edges: list[float]
    reference: list[float]
    window: list[float]


def histogram(column: Column, window: Ints) -> Histogram:
    """Return the histogram of a column; ``window`` has the rows in each cell, int64 (2d + 1,).

    A column with at most 20 values has a bin for each. Else 18 bins of equal width span 99 % of the reference.
    """
    if column.kind == "category":
        codes = [float(point) for point in column.points]
        return Histogram(codes, *(_shares(chi_squared.categories(counts)) for counts in (column.cell_counts, window)))
    points = column.points.astype(np.float64)
    if len(points) <= BINS:
        edges = (points[1:] + points[:-1]) / 2
    else:
        shares = np.cumsum(column.counts) / column.rows
        low, high = points[np.searchsorted(shares, [0.005, 0.995])]
        edges = np.linspace(low, high, BINS - 1) if low < high else np.array([low])
    return Histogram(
        edges.tolist(), *(_shares(_binned(points, counts, edges)) for counts in (column.cell_counts, window))
    )


def _binned(points: Floats, counts: Ints, edges: Floats) -> Floats:
    """Return how many rows are in each bin; rows in a gap that an edge divides are spread over the gap."""
    if not len(points):
        return counts.astype(np.float64)
    knots = np.repeat(points, 2)
    knots[1::2] = np.nextafter(knots[1::2], np.inf)  # a value that equals an edge lies above it
    up_to = np.interp(edges, knots, np.cumsum(counts)[:-1])
    return np.diff(up_to, prepend=0, append=counts.sum())


def _shares(counts: Floats | Ints) -> list[float]:
    rows = counts.sum()
    return [round(float(share), 6) for share in counts / rows] if rows else []
