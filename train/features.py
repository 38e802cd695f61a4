"""Ramps: how a category of three codes or more enters a network that is made of stock layers only.

Owns the weights of that first layer. Knows neither TensorFlow nor the data's origin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from train.data import Floats
from train.spec import InputSpec


def ramps(inputs: Sequence[InputSpec]) -> tuple[Floats, Floats] | None:
    """The kernel (k, f) and bias (f,) with which relu(row · kernel + bias) are the features; None if none are needed.

    A category with the codes v_0 < … < v_{m-1} becomes the m - 1 ramps relu(x - v_j), j = 0 … m-2. On the codes this
    linear spline basis spans the same functions as one-hot columns with one level dropped, without taking the codes
    for a scale. A number x passes as x, or as x - low where it may be negative: its limits guarantee that relu leaves
    that alone. With two codes a category is exact as a number.
    """
    if all(len(item.categories) < 3 for item in inputs):
        return None
    columns = [
        (position, knot)
        for position, item in enumerate(inputs)
        for knot in (item.categories[:-1] if len(item.categories) > 2 else (min(item.limits[0], 0.0),))
    ]
    kernel = np.zeros((len(inputs), len(columns)))
    for feature, (position, _) in enumerate(columns):
        kernel[position, feature] = 1.0
    return kernel, -np.array([knot for _, knot in columns])


def expand(inputs: Sequence[InputSpec], rows: Floats) -> Floats:
    """The features (n, f) of rows (n, k), in float64: what least squares must see to be a fair rival."""
    weights = ramps(inputs)
    return rows if weights is None else np.maximum(rows @ weights[0] + weights[1], 0.0)
