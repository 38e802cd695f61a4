"""The population stability index (PSI) over the reference's deciles: shown, because many know it; decides nothing.

On calm data it exceeds the usual limits of 0.1 and 0.2 in many small windows, and in large ones it misses a shift of
0.3 standard deviations (docs/monitoring.md).
"""

from __future__ import annotations

import numpy as np

from monitor.profiles.reference import Ints

BINS = 10


def statistic(window: Ints, reference: Ints) -> float:
    """Return Σ (w - r) ln(w / r) over the deciles, with the shares w and r; an empty bin counts as half a row.

    Args:
        window, reference: how many rows are in each cell, int64 (2d + 1,).
    """
    middle = (np.cumsum(reference) - reference / 2) / reference.sum()
    bins = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    counts = np.array([np.bincount(bins, weights=rows, minlength=BINS) for rows in (window, reference)])
    counts = counts[:, counts.any(axis=0)]  # where many values tie, a decile may have no value at all
    of_window, of_reference = np.maximum(counts, 0.5) / counts.sum(axis=1, keepdims=True)
    return float(((of_window - of_reference) * np.log(of_window / of_reference)).sum())
