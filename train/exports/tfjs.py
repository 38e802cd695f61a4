"""TensorFlow.js: write a network as a layers model, and compute its predictions from the written files.

The official converter is not used, because its output for Keras 3 does not load in the browser: TensorFlow.js has no
Normalization layer and no `batch_shape`. The files that are written here use InputLayer and Dense only. Imports neither
TensorFlow nor keras.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import INPUT_TENSOR
from train.dataset import Floats
from train.networks.layers import ACTIVATIONS

MODEL, WEIGHTS = "model.json", "weights.bin"


def can_write(model: Any) -> bool:
    """Say whether :func:`write` knows every layer of a model."""
    layers = getattr(model, "layers", [])
    names = [type(layer).__name__ for layer in layers]
    if type(model).__name__ != "Sequential" or names[-1:] != ["Dense"] or not {*names} <= {"Normalization", "Dense"}:
        return False
    for layer, following in zip(layers, [*names[1:], ""], strict=True):
        weights, activation = layer.get_weights(), getattr(getattr(layer, "activation", None), "__name__", "")
        if type(layer).__name__ == "Normalization":
            if following != "Dense" or len(weights) < 2 or layer.invert or not (weights[1] > 0).all():
                return False
        elif not layer.use_bias or activation not in ACTIVATIONS or layer.dtype != "float32":
            return False
    return True


def write(model: Any, folder: Path) -> None:
    """Write ``model.json`` and ``weights.bin`` of a Sequential of Normalization and Dense layers into a new folder.

    Normalization becomes a frozen Dense that subtracts the mean; the next layer's kernel is divided by the standard
    deviation. Moving the mean into the next layer too would save a layer, but lose digits if an input's mean is far
    larger than its standard deviation.
    """
    layers: list[dict[str, Any]] = [
        _layer("InputLayer", name=INPUT_TENSOR, batchInputShape=[None, model.input_shape[1]], dtype="float32")
    ]
    weights: list[tuple[str, NDArray[np.float32]]] = []
    scale: Floats | None = None
    for layer in model.layers:
        layer_weights = [np.asarray(value, dtype=np.float64) for value in layer.get_weights()]
        if type(layer).__name__ == "Normalization":
            mean, variance = layer_weights[:2]
            scale = np.sqrt(variance)
            kernel, bias, activation, trainable = np.eye(len(mean)), -mean, "linear", False
        else:
            kernel, bias = layer_weights
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
    """Return the predictions, float32 (n,), for float32 rows (n, k), computed in numpy from the two files alone."""
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
        values = ACTIVATIONS[config["activation"]](values)
    return np.asarray(values, dtype=np.float32).reshape(len(rows))


def _layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}
