"""The layers of a network as numpy arrays: what is fitted, before keras makes a model of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.dataset import Floats

Float32s = NDArray[np.float32]

CHUNK = 16_384  # rows at a time: what the hidden layers make of a million rows would take gigabytes


@dataclass(frozen=True, slots=True)
class Layer:
    """A Dense layer.

    Attributes:
        kernel, bias: (a, b) and (b,), float32.
        activation: by the name that keras has for it.
        trainable: False for what only prepares the rows.
    """

    name: str
    kernel: Float32s
    bias: Float32s
    activation: str = "linear"
    trainable: bool = True


def make_layer(name: str, kernel: Floats, bias: Floats, activation: str = "linear", *, trainable: bool = True) -> Layer:
    """Return a layer of float64 weights."""
    return Layer(name, kernel.astype(np.float32), bias.astype(np.float32), activation, trainable)


def apply(layers: Sequence[Layer], rows: Floats) -> Floats:
    """Return what the last layer makes of rows (n, k), float64 (n, b). The arithmetic is float32, as a model has it."""
    result = np.empty((len(rows), len(layers[-1].bias)))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        values = rows[part].astype(np.float32)
        for layer in layers:
            values = ACTIVATIONS[layer.activation](values @ layer.kernel + layer.bias)
        result[part] = values
    return result


def _elu(values: Any) -> Any:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "relu6": lambda values: np.clip(values, 0, 6),
    "tanh": np.tanh,
    "elu": _elu,
}
