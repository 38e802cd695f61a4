"""Shapley values of one prediction against background rows: exact over all coalitions, or sampled permutations.

The value of a coalition S of inputs is v(S), the mean prediction over the background with the inputs of S taken from
the row ("interventional"). An input's Shapley value is its gain v(S + i) - v(S), averaged over the orders in which the
inputs can come (L. Shapley, A value for n-person games, 1953). Together they add up to the prediction less v(nothing).

Rows for the model are made and predicted for CHUNK at a time, so memory is bounded, and other threads have their turn.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from registry import Float32Array

Predict = Callable[[Float32Array], Float32Array]
Float64Array = NDArray[np.float64]
CHUNK = 4096  # rows that the model gets at a time


def list_coalitions(count: int) -> NDArray[np.bool_]:
    """Return which inputs are in each coalition, bool (2^count, count): none in the first, all in the last."""
    return (np.arange(1 << count)[:, np.newaxis] >> np.arange(count) & 1).astype(bool)


def weigh_coalitions(coalitions: NDArray[np.bool_]) -> Float64Array:
    """Return what each coalition's value adds to each input's Shapley value, float64 (k, 2^k).

    With s members, s!(k - s - 1)!/k! is the share of the orders in which they come first, and then a given input.
    """
    count = coalitions.shape[1]
    shares = np.array([factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)])
    sizes = coalitions.sum(axis=1)[:, np.newaxis]
    with_input, without = shares[np.maximum(sizes - 1, 0)], shares[np.minimum(sizes, count - 1)]
    weights: Float64Array = np.where(coalitions, with_input, -without).T
    return weights


def exact_values(
    predict: Predict,
    row: Float32Array,
    prediction: float,
    background: Float32Array,
    base: float,
    coalitions: NDArray[np.bool_],
    weights: Float64Array,
) -> Float64Array:
    """Return the Shapley values of a row, float64 (k,), out of (2^k - 2) * m predictions.

    Args:
        row: float32 (k,).
        prediction: for the row.
        background: float32 (m, k).
        base: the mean prediction for the background.
        coalitions, weights: of k inputs, as the functions above return them.
    """
    size = len(background)
    inner = coalitions[1:-1]  # nothing is the base, and all inputs are the row itself
    sums = np.zeros(len(inner))
    step = max(1, CHUNK // size)
    for start in range(0, len(inner), step):
        known = inner[start : start + step, np.newaxis, :]
        for first in range(0, size, CHUNK):
            part = background[first : first + CHUNK]
            predictions = predict(np.where(known, row, part).reshape(-1, len(row)))
            sums[start : start + step] += predictions.reshape(len(known), -1).sum(axis=1, dtype=np.float64)
    values: Float64Array = weights @ np.array([base, *(sums / size), prediction])
    return values


def sampled_values(
    predict: Predict,
    row: Float32Array,
    prediction: float,
    background: Float32Array,
    outputs: Float32Array,
    pairs: int,
    generator: np.random.Generator,
) -> tuple[Float64Array, Float64Array]:
    """Return estimates of the Shapley values of a row, and their standard errors, float64 (k,) each.

    Each pair is a random order of the inputs and its reverse, with one background row; these take turns. It costs
    2 * (k - 1) predictions.

    Args:
        row, prediction, background: as in :func:`exact_values`; k is at least 2.
        outputs: the predictions for the background, float32 (m,).
        pairs: at least 2; a multiple of m, or the background counts unevenly.
    """
    count = len(row)
    gains = np.empty((pairs, count))
    step = max(1, CHUNK // (2 * (count - 1)))
    lengths = np.arange(1, count)[:, np.newaxis]
    for start in range(0, pairs, step):
        places = np.arange(start, min(start + step, pairs))
        places_in_background = places % len(background)
        forward = generator.permuted(np.tile(np.arange(count), (len(places), 1)), axis=1)
        ranks = np.stack(
            [forward, count - 1 - forward], axis=1
        )  # when each input comes, in an order and in its reverse
        known = ranks[:, :, np.newaxis, :] < lengths  # (pairs, 2, k - 1, k)
        rows = np.where(known, row, background[places_in_background][:, np.newaxis, np.newaxis, :])
        chain = np.empty((len(places), 2, count + 1))
        chain[:, :, 0] = outputs[places_in_background, np.newaxis]
        chain[:, :, 1:-1] = predict(rows.reshape(-1, count)).reshape(len(places), 2, count - 1)
        chain[:, :, -1] = prediction
        gains[places] = np.take_along_axis(np.diff(chain, axis=-1), ranks, axis=-1).mean(axis=1)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(pairs)
