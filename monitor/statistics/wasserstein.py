"""Wasserstein's distance, also called the earth mover's: shown, because it has the column's unit; decides nothing."""

from __future__ import annotations

import numpy as np

from monitor.profiles.reference import Floats, Ints


def statistic(window: Ints, reference: Ints, points: Floats) -> float:
    """Return the area between both distribution functions, in the unit of the column.

    A row of the window in a gap counts as spread over it; one beyond all points as lying at the nearest of them.

    Args:
        window, reference: how many rows are in each cell, int64 (2d + 1,).
        points: the reference's values, float (d,).
    """
    of_window, of_reference = (np.cumsum(counts) / counts.sum() for counts in (window, reference))
    before, after = of_window[1:-2:2], of_window[2:-1:2]  # each inner gap
    apart = np.abs((before + after) / 2 - of_reference[1:-2:2])
    return float((apart * np.diff(points.astype(np.float64))).sum())
