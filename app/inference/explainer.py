"""Explanations: what moves a prediction from the average of the training rows, as Shapley values.

An interpreter of its own runs the model, so that no prediction waits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelFailed, TooLarge
from app.inference.shapley import CHUNK, exact_values, list_coalitions, sampled_values, weigh_coalitions
from registry import Float32Array, Predictor

MAX_EXACT = 10  # inputs: with more, permutations are sampled
MAX_COST = 1 << 20  # rows of the model that one request may ask for
_ROW_COST = 1 << 18  # rows of the model that one explanation may take
_LEAST_COST = 1 << 10  # rows of the model that take as long as the rest of an explanation does
_PAIRS = 1000  # of permutations, or a few more, so that each background row counts as often


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
    """Explains predictions of one version. May be used by several threads.

    Args:
        predictor: over an interpreter that answers nothing else.
        background: training rows, float32 (m, k), picked evenly in the order of their predictions.

    Attributes:
        base: the mean prediction over the background.
        max_rows: how many rows one request may have explained.

    Raises:
        ModelFailed: if the model fails.
    """

    def __init__(self, predictor: Predictor, background: Float32Array) -> None:
        self._predictor = predictor
        self._background = background
        self._outputs = _predict_all(predictor, background)
        self.base = float(self._outputs.mean(dtype=np.float64))
        size, count = background.shape
        self._is_exact = count <= MAX_EXACT
        if self._is_exact:
            self._coalitions = list_coalitions(count)
            self._weights = weigh_coalitions(self._coalitions)
            cost = (len(self._coalitions) - 2) * size + 1
        else:
            self._pairs = max(2, min(size * -(-_PAIRS // size), _ROW_COST // (2 * (count - 1))))
            cost = 2 * (count - 1) * self._pairs + 1
        self.max_rows = MAX_COST // max(cost, _LEAST_COST)

    def check_row_count(self, count: int) -> None:
        """Check that so many rows can be explained at once.

        Raises:
            TooLarge: naming how many can be.
        """
        if count > self.max_rows:
            raise TooLarge(f"{count} rows are too many to explain at once: send at most {self.max_rows}")

    def explain(self, rows: Float32Array) -> list[Explanation]:
        """Explain the predictions for rows, float32 (n, k).

        Raises:
            ModelFailed: if the model fails, or gives no number for a mix of a row and the background.
        """
        predictions = _predict_all(self._predictor, rows).tolist()
        return [self._explain(row, value) for row, value in zip(rows, predictions, strict=True)]

    def vary(self, row: Float32Array, column: int, values: Float32Array) -> Float32Array:
        """Return the predictions, float32 (n,), for a row (k,) with one of its inputs at each of n values.

        Raises:
            ModelFailed: if the model fails.
        """
        rows = np.repeat(row[np.newaxis, :], len(values), axis=0)
        rows[:, column] = values
        return self._predict(rows)

    def _explain(self, row: Float32Array, prediction: float) -> Explanation:
        background, error = self._background, None
        if self._is_exact:
            coalitions, weights = self._coalitions, self._weights
            values = exact_values(self._predict, row, prediction, background, self.base, coalitions, weights)
        else:
            seed = hashlib.blake2b(row.tobytes(), digest_size=8).digest()  # a row has one explanation
            generator = np.random.default_rng(int.from_bytes(seed))
            values, error = sampled_values(
                self._predict, row, prediction, background, self._outputs, self._pairs, generator
            )
        if not np.isfinite(values).all():
            raise ModelFailed("there is no explanation: the model gives no number for a mix of this and training rows")
        base = prediction - float(values.sum()) if error is not None else self.base  # of the rows that were drawn
        return Explanation(base, values, len(background), "sampled" if error is not None else "exact", error)

    def _predict(self, rows: Float32Array) -> Float32Array:
        return _predict_all(self._predictor, rows)


def pick_background(predictor: Predictor, reference: Float32Array) -> Float32Array:
    """Return the rows to explain against, float32 (m, k), picked evenly in the order of their predictions.

    All of them, unless an exact explanation would take too many rows of the model, or more than are ever drawn.

    Args:
        reference: training rows, float32 (n, k).

    Raises:
        ModelFailed: if the model fails, or gives no number for any row.
    """
    predictions = _predict_all(predictor, reference)
    order = np.argsort(predictions, kind="stable")
    order = order[np.isfinite(predictions[order])]
    if not len(order):
        raise ModelFailed("there is no explanation: the model gives no number for any of its reference rows")
    inputs = reference.shape[1]
    most = _ROW_COST >> inputs if inputs <= MAX_EXACT else min(_PAIRS, _ROW_COST // (2 * (inputs - 1)))
    size = min(len(order), max(1, most))
    places = ((np.arange(size) + 0.5) * len(order) / size).astype(np.int64)
    background: Float32Array = reference[order[places]]
    return background


def _predict_all(predictor: Predictor, rows: Float32Array) -> Float32Array:
    """Return the predictions for rows, float32 (n, k), a few thousand at a time."""
    try:
        if len(rows) <= CHUNK:
            return predictor.predict(rows)
        starts = range(0, len(rows), CHUNK)
        return np.concatenate([predictor.predict(rows[start : start + CHUNK]) for start in starts])
    except Exception as error:
        raise ModelFailed(f"there is no explanation: the model failed ({error})") from error
