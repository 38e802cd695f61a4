"""The child process that opens a fitted file: what crashes or hangs here ends as an error message of the training.

It looks at the model's inputs and output, predicts the rows, and writes the model in every format that it can have. The
parent is train/fitted/fitted_model.py. Importing this module imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME
from registry.predictor import Float32Array
from train.errors import TrainError
from train.exports.export import attempt, first_sentence, remove_empty_assets, write_possible_exports
from train.fitted.input_tensors import InputTensor, place_inputs
from train.spec.keras_config import ADVICE, foreign_object

_ROWS = 4096  # that are predicted at a time


def main() -> None:
    """Do what the JSON on the standard input asks, and write answer.json beside the rows."""
    task = json.load(sys.stdin)
    signal.alarm(task["timeout"])  # ends the child also if its parent is gone
    scratch = Path(task["scratch"])
    answer: dict[str, Any] = {}
    try:
        model = _open(Path(task["file"]), task["kind"], task["inputs"])
        rows = np.load(scratch / "rows.npy")
        predictions = model.predict(rows)
        _require_finite(model.weights(), predictions)
        np.save(scratch / "predictions.npy", predictions)
        answer = {
            "parameters": int(sum(weight.size for weight in model.weights())),
            "weights_sha256": hashlib.sha256(b"".join(weight.tobytes() for weight in model.weights())).hexdigest(),
            "faults": model.write(Path(task["folder"]), rows[:2]),
        }
    except TrainError as error:
        answer = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - Keras and TensorFlow raise what they like
        answer = {"error": f"Keras can't open it ({type(error).__name__}: {first_sentence(error)})"}
    (scratch / "answer.json").write_text(json.dumps(answer))


def _open(file: Path, kind: str, inputs: list[list[str]]) -> _KerasModel | _SavedModel:
    if kind == "saved_model":
        return _SavedModel(file, inputs)
    if kind == "h5":
        with h5py.File(file) as content:
            config = content.attrs.get("model_config")
        if config is None:
            raise TrainError("holds weights only; save the whole model with model.save('NAME.keras')")
        problem = foreign_object(json.loads(config))
        if problem:
            raise TrainError(f"{problem}; {ADVICE}")
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except (TypeError, ValueError) as error:
        unknown = re.search(r"Unknown (layer|[\w ]*function|object): '?(\w+)", str(error))
        if unknown is None:
            raise
        raise TrainError(f"needs {unknown[1]} {unknown[2]}, which Keras does not have; {ADVICE}") from error
    return _KerasModel(model, inputs)


class _KerasModel:
    """A model that Keras has loaded, and the same with one input of all columns, as every version has it."""

    def __init__(self, model: Any, inputs: list[list[str]]) -> None:
        try:
            tensors, outputs = model.inputs, model.outputs
        except AttributeError:
            tensors = outputs = None
        if not tensors or not outputs:
            raise TrainError("does not say what inputs it takes; call it with data before it is saved")
        _check_outputs([tuple(output.shape) for output in outputs])
        self._model = model
        self._structure = tensors[0] if len(tensors) == 1 and isinstance(model, keras.Sequential) else model.input
        places = place_inputs([InputTensor(item.name, tuple(item.shape), item.dtype) for item in tensors], inputs)
        self._places = dict(zip([id(tensor) for tensor in tensors], places, strict=True))
        self._columns = len(inputs)

    def weights(self) -> list[np.ndarray[Any, Any]]:
        return [np.asarray(weight) for weight in self._model.get_weights()]

    def predict(self, rows: Float32Array) -> np.ndarray[Any, Any]:
        """Return the predictions of the model itself, float64 (n,), for float32 rows (n, k)."""
        return _in_parts(lambda part: self._model(self._arranged(part, _numpy_piece), training=False), rows)

    def write(self, folder: Path, rows: Float32Array) -> dict[str, str]:
        """Write every format. Return why each runtime that can't run it can't, by its name."""
        return write_possible_exports(self._as_version(), folder, rows)

    def _as_version(self) -> Any:
        """Return the model itself if it takes (n, k) and gives (n, 1), both float32; else one around it that does."""
        plain = [tuple(self._structure.shape)] if isinstance(self._structure, keras.KerasTensor) else []
        dtypes = {*(item.dtype for item in self._model.inputs), *(item.dtype for item in self._model.outputs)}
        if plain == [(None, self._columns)] and dtypes == {"float32"} and self._model.outputs[0].shape == (None, 1):
            return self._model
        features = keras.Input((self._columns,), name=INPUT_TENSOR)
        output = self._model(self._arranged(features, _keras_piece))
        return keras.Model(features, keras.layers.Reshape((1,), dtype="float32")(output))

    def _arranged(self, rows: Any, piece: Callable[[Any, InputTensor, int | None], Any]) -> Any:
        """Return the rows in the structure of inputs that the model has."""
        return keras.tree.map_structure(
            lambda tensor: piece(
                rows, InputTensor(tensor.name, tuple(tensor.shape), tensor.dtype), self._places[id(tensor)]
            ),
            self._structure,
        )


class _SavedModel:
    """A SavedModel with the signature that TensorFlow serves by default."""

    def __init__(self, folder: Path, inputs: list[list[str]]) -> None:
        self._loaded = tf.saved_model.load(str(folder))
        if SIGNATURE_NAME not in self._loaded.signatures:
            raise TrainError(f"has no signature {SIGNATURE_NAME}; save the model with model.export('NAME')")
        self._serve = self._loaded.signatures[SIGNATURE_NAME]
        outputs = self._serve.structured_outputs
        _check_outputs([tuple(output.shape) for output in outputs.values()])
        self._output = next(iter(outputs))
        self._tensors = [
            InputTensor(name, tuple(item.shape), item.dtype.name)
            for name, item in self._serve.structured_input_signature[1].items()
        ]
        self._places = place_inputs(self._tensors, inputs)
        self._columns = len(inputs)

    def weights(self) -> list[np.ndarray[Any, Any]]:
        return [variable.numpy() for variable in getattr(self._loaded, "variables", [])]

    def predict(self, rows: Float32Array) -> np.ndarray[Any, Any]:
        """Return the predictions, float64 (n,), for float32 rows (n, k)."""
        return _in_parts(self._call, rows)

    def write(self, folder: Path, rows: Float32Array) -> dict[str, str]:
        """Write the formats that it can have. A .keras file is none of them: a SavedModel has no layers."""
        module = tf.Module()
        module.inner = self._loaded  # its variables are saved with it
        specification = tf.TensorSpec((None, self._columns), tf.float32, name=INPUT_TENSOR)

        def serve(features: Any) -> dict[str, Any]:
            return {OUTPUT_TENSOR: tf.reshape(tf.cast(self._call(features), tf.float32), (-1, 1))}

        module.serve = tf.function(serve, input_signature=[specification])
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE_NAME: module.serve})
        remove_empty_assets(folder)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
        faults = attempt("litert", folder, lambda file: file.write_bytes(converter.convert()), rows)
        if faults:
            raise TrainError(
                f"is a SavedModel that LiteRT can't run ({faults['litert']}); save the model with "
                "model.save('NAME.keras'), which SERVE_RUNTIME=keras can serve"
            )
        return {"keras": "a SavedModel has no layers"}

    def _call(self, rows: Any) -> Any:
        rows = tf.convert_to_tensor(rows)
        pieces = {
            tensor.name: tf.cast(_slice(rows, tensor, place, tf.reshape), tensor.dtype)
            for tensor, place in zip(self._tensors, self._places, strict=True)
        }
        return self._serve(**pieces)[self._output]


def _slice(rows: Any, tensor: InputTensor, place: int | None, reshape: Callable[[Any, Any], Any]) -> Any:
    """Return the columns that an input takes: all for a place of None, else the one at that place."""
    part = rows if place is None else rows[:, place : place + 1]
    return reshape(part, (-1,)) if len(tensor.shape) == 1 else part


def _numpy_piece(rows: Any, tensor: InputTensor, place: int | None) -> Any:
    return _slice(rows, tensor, place, np.reshape).astype(tensor.dtype)


def _keras_piece(rows: Any, tensor: InputTensor, place: int | None) -> Any:
    part = _slice(rows, tensor, place, keras.ops.reshape)
    return part if tensor.dtype == "float32" else keras.ops.cast(part, tensor.dtype)


def _check_outputs(shapes: list[tuple[int | None, ...]]) -> None:
    if len(shapes) != 1:
        raise TrainError(f"has {len(shapes)} outputs; a regression has one")
    numbers = [size for size in shapes[0][1:] if size != 1]
    if numbers:
        many = " × ".join("any number" if size is None else str(size) for size in numbers)
        raise TrainError(f"its output has {many} numbers a row; a regression has one")


def _require_finite(weights: list[np.ndarray[Any, Any]], predictions: np.ndarray[Any, Any]) -> None:
    if not all(np.isfinite(weight).all() for weight in weights if np.issubdtype(weight.dtype, np.floating)):
        raise TrainError("a weight is not a finite number: its training diverged; fit it again")
    wrong = np.flatnonzero(~np.isfinite(predictions))
    if len(wrong):
        raise TrainError(
            f"predicts {predictions[wrong[0]]} for row {wrong[0] + 1} of the data, and no finite number for "
            f"{len(wrong)} rows in all; is it fitted, and does it take these inputs as they are in the data?"
        )


def _in_parts(call: Callable[[Any], Any], rows: Float32Array) -> np.ndarray[Any, Any]:
    parts = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)]
    found = [np.asarray(call(part), dtype=np.float64) for part in parts]
    for part, values in zip(parts, found, strict=True):
        if values.size != len(part):
            raise TrainError(f"gives {values.size} numbers for {len(part)} rows; a regression gives one a row")
    return np.concatenate([values.reshape(-1) for values in found])
