"""What the tests need of the reference: sums by request, as a profile has them of the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Float32s, Floats, Ints, Reference
from monitor.statistics.correlation import correlations
from monitor.statistics.request_sums import request_sums


@dataclass(frozen=True, slots=True)
class Baseline:
    """The reference's own sums. They are worth keeping if several windows are judged.

    Attributes:
        ranks: the mid-rank of each value of ``reference.rows``, float64 (R, k + 1).
        scores: of the mid-ranks, an element a column. missing: of the indicators of a missing value.
        categories: by column, of the indicators of each cell; only for categories.
        products: of the products of two inputs' mid-ranks less ½. correlations: of each pair.
    """

    reference: Reference
    ranks: Floats
    scores: RequestSums
    missing: RequestSums
    categories: list[RequestSums | None]
    products: RequestSums
    correlations: Floats

    @classmethod
    def of(cls, reference: Reference) -> Baseline:
        """Return the sums over the rows of a reference."""
        inputs = len(reference.columns) - 1
        ranks = mid_ranks(reference, reference.rows)
        scores = request_sums(ranks, reference.requests)
        first, second = np.triu_indices(inputs, 1)
        products = request_sums((ranks[:, first] - 0.5) * (ranks[:, second] - 0.5), reference.requests)
        categories: list[RequestSums | None] = []
        for index, column in enumerate(reference.columns):
            if column.kind != "category":
                categories.append(None)
                continue
            present = ~np.isnan(reference.rows[:, index])
            cells = column.cells(reference.rows[present, index])
            categories.append(_indicator_sums(cells, len(column.scores), reference.requests[present]))
        missing = request_sums(np.isnan(reference.rows) * 1.0, reference.requests)
        return cls(reference, ranks, scores, missing, categories, products, correlations(scores, products, inputs))


def _indicator_sums(cells: Ints, width: int, requests: Ints) -> RequestSums:
    """Return the sums of the indicators of the cells 0 to width - 1: a row is in one of them, whatever their number."""
    codes, sizes = np.unique(requests, return_inverse=True, return_counts=True)[1:]
    keys, counts = np.unique(codes * width + cells, return_counts=True)
    (request, cell), counted = np.divmod(keys, width), counts.astype(np.float64)
    in_cell = np.bincount(cells, minlength=width).astype(np.float64)
    return RequestSums(
        rows=np.full(width, float(len(cells))),
        requests=np.full(width, float(len(sizes))),
        total=in_cell,
        squares=in_cell.copy(),
        request_squares=np.bincount(cell, counted**2, width).astype(np.float64),
        request_products=np.bincount(cell, counted * sizes[request], width).astype(np.float64),
        size_squares=np.full(width, float((sizes**2).sum())),
    )


def mid_ranks(reference: Reference, rows: Float32s) -> Floats:
    """Return the mid-rank of each value among the reference's, 0 to 1, float64 (n, k + 1); NaN if it is missing."""
    ranks = np.full(rows.shape, np.nan)
    for index, column in enumerate(reference.columns):
        present = ~np.isnan(rows[:, index])
        ranks[present, index] = column.scores[column.cells(rows[present, index])]
    return ranks


def at_least_one(design_effect: Floats) -> Floats:
    """Return design effects that are never under 1: with few requests a lower one is chance, and would raise alarms."""
    limited: Floats = np.maximum(design_effect, 1.0)
    return limited
