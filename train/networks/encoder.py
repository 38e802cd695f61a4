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
from train.dataset import Floats, Indices
from train.networks.layers import CHUNK, Float32s, Layer, make_layer
from train.networks.pieces import FULL, Piece, category_piece, number_piece


@dataclass(frozen=True, slots=True)
class Encoder:
    """The pieces of the inputs, in their order, as features and as layers.

    The features are no layer: a network multiplies ``kernel`` and ``bias`` into its own first layer.
    """

    pieces: tuple[Piece, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The frozen layers, from rows (n, k) to the units of all pieces, (n, u)."""
        scales, centers = (np.array([getattr(piece, name) for piece in self.pieces]) for name in ("scale", "center"))
        slopes = block_diagonal([piece.slopes[np.newaxis] for piece in self.pieces])
        offsets = np.concatenate([piece.offsets for piece in self.pieces])
        layers = [
            make_layer("center", np.diag(1 / scales), -centers / scales, trainable=False),
            make_layer("knots", slopes, offsets, "relu6", trainable=False),
        ]
        if any(piece.closes is not None for piece in self.pieces):
            gate = block_diagonal([_gate(piece) for piece in self.pieces])
            layers.append(make_layer("gate", gate, np.zeros(len(offsets)), "relu", trainable=False))
        return tuple(layers)

    @property
    def kernel(self) -> Floats:
        """Float64 (u, f): the features are units @ kernel + bias."""
        return block_diagonal([piece.kernel for piece in self.pieces]) / FULL

    @property
    def bias(self) -> Floats:
        """Float64 (f,)."""
        return np.concatenate([piece.bias for piece in self.pieces])

    def features(self, rows: Floats) -> Float32s:
        """Return the features, float32 (n, f), of rows (n, k)."""
        features = np.empty((len(rows), len(self.bias)), dtype=np.float32)
        for start in range(0, len(rows), CHUNK):
            part, column = slice(start, start + CHUNK), 0
            for position, piece in enumerate(self.pieces):
                own = slice(column, column + len(piece.bias))
                features[part, own] = _features(piece, rows[part, position].astype(np.float32))
                column = own.stop
        return features


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows (n, k) whose features are computed when they are asked for: those of a million may take gigabytes."""

    encoder: Encoder
    rows: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, positions: Indices | slice) -> Float32s:
        """Return the features, float32 (m, f), of some rows."""
        return self.encoder.features(self.rows[positions])


def fit_encoder(inputs: Sequence[Input], rows: Floats, quantiles: int = 0) -> Encoder:
    """Fit the encoder of some inputs to training rows (n, k).

    Args:
        quantiles: into how many parts of equally many rows the numbers are divided, to be learned as piecewise-linear
            functions (Gorishniy, Rubachev & Babenko 2022, arXiv:2203.05556); 0 for straight lines.
    """
    pieces = []
    for column, item in enumerate(inputs):
        values = rows[:, column].astype(np.float32).astype(np.float64)
        pieces.append(category_piece(item, values) if item.categories else number_piece(item, values, quantiles))
    return Encoder(tuple(pieces))


def block_diagonal(blocks: Sequence[Floats]) -> Floats:
    """Return the matrix that has the blocks along its diagonal, and is 0 elsewhere."""
    matrix = np.zeros((sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)))
    row = column = 0
    for block in blocks:
        matrix[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return matrix


def _gate(piece: Piece) -> Floats:
    """Return the kernel, (u, u), with which relu closes the other units if the number is missing."""
    gate = np.eye(len(piece.slopes))
    if piece.closes is not None:
        gate[piece.closes] = -1.0
        gate[piece.closes, piece.closes] = 1.0
    return gate


def _features(piece: Piece, values: Float32s) -> Float32s:
    """Return the features (n, f) of one input's values (n,), as the layers would make them."""
    centered = (values - np.float32(piece.center)) / np.float32(piece.scale)
    units = centered[:, np.newaxis] * piece.slopes.astype(np.float32) + piece.offsets.astype(np.float32)
    units = np.clip(units / np.float32(FULL), 0, 1)
    if piece.closes is not None:
        units = np.maximum(units @ _gate(piece).astype(np.float32), 0)
    return np.asarray(units @ piece.kernel + piece.bias, dtype=np.float32)
