"""TensorFlow.js: a network written as a layers model, and recomputed from the written files.

Written directly, because the converter's output for Keras 3 does not load in the browser: it knows no Normalization
and no `batch_shape`. Here is InputLayer and Dense only. Knows a model's layers; imports neither TensorFlow nor keras.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import INPUT_TENSOR
from train.data import Floats

MODEL, WEIGHTS = "model.json", "weights.bin"

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
}


def write(model: Any, folder: Path) -> None:
    """Write ``model.json`` and ``weights.bin`` of a Sequential of Normalization and Dense layers into a new folder.

    Normalization becomes a frozen Dense that takes the mean away, and its scale moves into the kernel behind it.
    Folding the mean in as well would save a layer, but lose digits where an input's mean is far larger than its spread.
    """
    layers: list[dict[str, Any]] = [
        _layer("InputLayer", name=INPUT_TENSOR, batchInputShape=[None, model.input_shape[1]], dtype="float32")
    ]
    weights: list[tuple[str, NDArray[np.float32]]] = []
    scale: Floats | None = None
    for layer in model.layers:
        found = [np.asarray(value, dtype=np.float64) for value in layer.get_weights()]
        if type(layer).__name__ == "Normalization":
            mean, variance = found[:2]
            scale = np.sqrt(variance)
            kernel, bias, activation, trainable = np.eye(len(mean)), -mean, "linear", False
        else:
            kernel, bias = found
            activation, trainable = layer.activation.__name__, layer.trainable
            if scale is not None:
                kernel, scale = kernel / scale[:, np.newaxis], None
        layers.append(
            _layer("Dense", name=layer.name, units=len(bias), activation=activation, useBias=True, trainable=trainable)
        )
        weights += [(f"{layer.name}/kernel", kernel.astype("<f4")), (f"{layer.name}/bias", bias.astype("<f4"))]

    specs = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in weights]
    content = {
        "format": "layers-model",
        "modelTopology": {"class_name": "Sequential", "config": {"name": model.name, "layers": layers}},
        "weightsManifest": [{"paths": [WEIGHTS], "weights": specs}],
    }
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(b"".join(value.tobytes() for _, value in weights))
    (folder / MODEL).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def recompute(folder: Path, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the written model in numpy, for rows (n, k), from nothing but its files. Returns float32 (n,)."""
    content = json.loads((folder / MODEL).read_bytes())
    raw = np.frombuffer((folder / WEIGHTS).read_bytes(), dtype="<f4")
    weights: dict[str, NDArray[np.float32]] = {}
    for spec in content["weightsManifest"][0]["weights"]:
        size = int(np.prod(spec["shape"]))
        weights[spec["name"]], raw = raw[:size].reshape(spec["shape"]), raw[size:]
    values: Any = rows
    for layer in content["modelTopology"]["config"]["layers"][1:]:
        config = layer["config"]
        values = values @ weights[f"{config['name']}/kernel"] + weights[f"{config['name']}/bias"]
        values = _ACTIVATIONS[config["activation"]](values)
    return np.asarray(values, dtype=np.float32).reshape(len(rows))


def _layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config}
