"""Holm's correction for many tests, with weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjust(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the p-values such that the chance of any at or under a level, while nothing has changed, is that level.

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979) 65;
    section 4 has the weights. They say how much of the level each test may use.
    """
    adjusted = [1.0] * len(p_values)
    left, largest = float(sum(weights)), 0.0
    ratios = np.array(p_values) / np.array(weights)
    for index in np.argsort(ratios, kind="stable"):
        largest = max(largest, min(float(ratios[index]) * left, 1.0))
        adjusted[index] = largest
        left -= weights[index]
    return adjusted
