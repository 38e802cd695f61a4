"""Ridge regression in closed form (Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634), for many rows too."""

from __future__ import annotations

import numpy as np

from train.dataset import Floats
from train.networks.encoder import EncodedRows
from train.networks.layers import CHUNK

# The penalty of least squares, as a part of the mean variance: one-hot columns add up to 1, so without a penalty their
# weights would have no one solution.
_LEAST = 1e-9


def ridge(features: EncodedRows, target: Floats, penalty: float | None) -> tuple[Floats, float]:
    """Return the weights (f,) and the intercept with the least squared errors and penalty * the squared weights.

    Args:
        features, target: (n, f) and (n,).
        penalty: as scikit-learn's ``alpha``; None for least squares.
    """
    parts = [slice(start, start + CHUNK) for start in range(0, len(features), CHUNK)]
    means = sum(features.take(part).sum(axis=0, dtype=np.float64) for part in parts) / len(features)
    gram, product = np.zeros((len(means), len(means))), np.zeros(len(means))
    for part in parts:
        centered = features.take(part) - means
        gram += centered.T @ centered
        product += centered.T @ (target[part] - target.mean())
    if penalty is None:
        penalty = _LEAST * (float(np.trace(gram)) / max(len(means), 1) or 1.0)
    # Of a symmetric matrix that may be singular if the penalty is 0, the solution with the smallest weights.
    weights = np.asarray(np.linalg.lstsq(gram + penalty * np.eye(len(means)), product, rcond=None)[0], np.float64)
    return weights, float(target.mean() - means @ weights)
