"""Hinge features: how a category of three codes or more enters a network that is made of stock layers only.

Owns the weights of that first layer, as numpy arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry import Input
from train.dataset import Floats


def hinge_weights(inputs: Sequence[Input]) -> tuple[Floats, Floats] | None:
    """Return the kernel (k, f) and bias (f,), float64, with which relu(rows @ kernel + bias) are the features.

    A category with the codes v_0 < … < v_{m-1} becomes the m - 1 hinge functions relu(x - v_j), j = 0 … m-2. (Hinge
    functions: Friedman 1991, Multivariate Adaptive Regression Splines, doi:10.1214/aos/1176347963.) On the codes, this
    linear spline basis spans the same functions as one-hot columns without one level: only which codes are equal
    matters, not their order or distance.

    A number x passes as x, or as x - low where x may be negative; relu changes neither, because x is within its limits.
    A category of two codes passes like a number: a straight line through two points is exact.

    Returns:
        None if no category has three codes or more; the features are then the rows themselves.
    """
    if all(len(item.categories) < 3 for item in inputs):
        return None
    knots = [
        (position, knot)
        for position, item in enumerate(inputs)
        for knot in (item.categories[:-1] if len(item.categories) > 2 else (min(item.limits[0], 0.0),))
    ]
    kernel = np.zeros((len(inputs), len(knots)))
    for feature, (position, _) in enumerate(knots):
        kernel[position, feature] = 1.0
    return kernel, -np.array([knot for _, knot in knots])


def hinge_features(inputs: Sequence[Input], rows: Floats) -> Floats:
    """Return the features, float64 (n, f), of rows (n, k): what the network and least squares are fitted to."""
    weights = hinge_weights(inputs)
    return rows if weights is None else np.maximum(rows @ weights[0] + weights[1], 0.0)
