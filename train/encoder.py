"""The encoder: what the rows of a model become before its network learns from them.

A number is centred, then scaled; a value that is missing becomes the fill and, where the spec says so, an indicator; a
category becomes one-hot columns. Owns these features and the frozen layers that compute them from one float32 an input,
as numpy arrays: a network made of stock layers, so every export has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry import Input
from train.dataset import Floats
from train.layers import CHUNK, Float32s, Layer, apply, make_layer
from train.pieces import category_piece, number_piece


@dataclass(frozen=True, slots=True)
class Encoder:
    """Frozen layers, and how their outputs make the features.

    The features are no layer: a network multiplies ``kernel`` and ``bias`` into its own first layer.

    Attributes:
        layers: from rows (n, k) to (n, u).
        kernel, bias: float64 (u, f) and (f,): the features are outputs @ kernel + bias.
    """

    layers: tuple[Layer, ...]
    kernel: Floats
    bias: Floats

    def features(self, rows: Floats) -> Float32s:
        """Return the features, float32 (n, f), of rows (n, k)."""
        features = np.empty((len(rows), len(self.bias)), dtype=np.float32)
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            features[part] = apply(self.layers, rows[part], np.float64) @ self.kernel + self.bias
        return features


def fit_encoder(inputs: Sequence[Input], rows: Floats, quantiles: int = 0) -> Encoder:
    """Fit the encoder of some inputs to training rows (n, k).

    Args:
        quantiles: into how many parts of equally many rows the numbers are divided, to be learned as piecewise-linear
            functions (Gorishniy, Rubachev & Babenko 2022, arXiv:2203.05556); 0 for straight lines.
    """
    values = rows.astype(np.float32).astype(np.float64)
    pieces = [
        category_piece(item, values[:, column]) if item.categories else number_piece(item, values[:, column], quantiles)
        for column, item in enumerate(inputs)
    ]
    units, features = sum(len(piece.slopes) for piece in pieces), sum(piece.kernel.shape[1] for piece in pieces)
    knots, kernel, gate = np.zeros((len(pieces), units)), np.zeros((units, features)), np.eye(units)
    row = column = 0
    for position, piece in enumerate(pieces):
        own = slice(row, row + len(piece.slopes))
        knots[position, own] = piece.slopes
        kernel[own, column : column + piece.kernel.shape[1]] = piece.kernel
        if piece.closes is not None:
            gate[own.start + piece.closes, own] -= 1.0
            gate[own.start + piece.closes, own.start + piece.closes] = 1.0
        row, column = own.stop, column + piece.kernel.shape[1]
    scales, centers = np.array([piece.scale for piece in pieces]), np.array([piece.center for piece in pieces])
    layers = [
        make_layer("center", np.diag(1 / scales), -centers / scales, trainable=False),
        make_layer("knots", knots, np.concatenate([piece.offsets for piece in pieces]), "relu6", trainable=False),
    ]
    if any(piece.closes is not None for piece in pieces):
        layers.append(make_layer("gate", gate, np.zeros(units), "relu", trainable=False))
    return Encoder(tuple(layers), kernel, np.concatenate([piece.bias for piece in pieces]))
