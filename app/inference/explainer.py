"""Explanations: what moves a prediction from the average of the training rows, as Shapley values.

An interpreter of its own runs the model, so that no prediction waits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry import Float32Array, Predictor


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one row got its prediction.

    Attributes:
        base: the mean prediction over the background rows.
        contributions: float64 (k,), one an input; with ``base`` they add up to the prediction.
        background: how many training rows the base is the mean of.
        method: "exact" or "sampled".
        standard_error: float64 (k,), about how far a sampled contribution may be off; None if exact.
    """

    base: float
    contributions: NDArray[np.float64]
    background: int
    method: str
    standard_error: NDArray[np.float64] | None = None


class Explainer:
    """Explains predictions of one version.

    Args:
        predictor: over an interpreter that answers nothing else.
        background: training rows, float32 (m, k), picked evenly in the order of their predictions.
    """

    def __init__(self, predictor: Predictor, background: Float32Array) -> None:
        self._predictor = predictor
        self._background = background

    def explain(self, rows: Float32Array) -> list[Explanation]:
        """Explain the predictions for rows, float32 (n, k)."""
        raise NotImplementedError

    def vary(self, row: Float32Array, column: int, values: Float32Array) -> Float32Array:
        """Return the predictions, float32 (n,), for a row (k,) with one of its inputs at each of n values."""
        rows = np.repeat(row[np.newaxis, :], len(values), axis=0)
        rows[:, column] = values
        return self._predictor.predict(rows)
