"""The population stability index (PSI) over the reference's deciles: shown, because many know it; decides nothing.

On calm data it exceeds the usual limits of 0.1 and 0.2 in many small windows, and in large ones it misses a shift of
0.3 standard deviations (docs/monitoring.md).
"""

from __future__ import annotations

import numpy as np

from monitor.profiles.reference import Ints

BINS = 10


def statistic(window: Ints, reference: Ints) -> float:
    """Return Σ (w - r) ln(w / r) over bins with the shares w and r; an empty bin counts as half a row.

    Args:
        window, reference: how many rows are in each bin, int64 (b,).
    """
    shares = [np.maximum(counts, 0.5) / counts.sum() for counts in (window, reference)]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def effect(window: Ints, reference: Ints) -> float:
    """Return the index of rows that are counted in cells, int64 (2d + 1,): the bins are the reference's deciles."""
    middle = (np.cumsum(reference) - reference / 2) / reference.sum()
    bins = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    binned = [np.bincount(bins, weights=counts, minlength=BINS) for counts in (window, reference)]
    filled = (binned[0] + binned[1]) > 0
    return statistic(binned[0][filled], binned[1][filled])
