"""The exports: a model's files in every format, and how far their predictions are from the model's.

Owns the names of the model files in a version's folder.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME
from registry.predictor import MODEL_FILES, Float32Array, Runtime, load_predictor
from registry.probe import RUNTIMES
from train.dataset import Floats
from train.exports import tfjs
from train.networks.layers import CHUNK
from train.networks.network import Model
from train.spec.keras_config import foreign_object
from train.stderr import suppress_stderr


def write_exports(model: Model, folder: Path) -> None:
    """Write the SavedModel at the root of an existing folder, and model.keras, model.tflite and tfjs/ beside it.

    model.tflite is exported for one row, float32 (1, k); the others for (n, k).

    Raises:
        OSError: if the folder can't be written.
    """
    columns = model.input_shape[1]
    try:
        model.export(
            folder,
            format="tf_saved_model",
            verbose=False,
            input_signature=[keras.InputSpec(dtype="float32", shape=(None, columns), name=INPUT_TENSOR)],
        )
    except tf.errors.OpError as error:  # such as a full disk
        raise OSError(error.message) from error
    (folder / "assets").rmdir()  # always empty: the network has no vocabulary files
    model.save(folder / "model.keras")
    model.export(
        folder / "model.tflite",
        format="litert",
        verbose=False,
        input_signature=[keras.InputSpec(dtype="float32", shape=(1, columns), name=INPUT_TENSOR)],
    )
    tfjs.write(model, folder / "tfjs")


def write_possible_exports(model: Model, folder: Path, rows: Float32Array) -> dict[str, str]:
    """Write the formats that a model of any layers can have: as :func:`write_exports`, without those that can't be run.

    Args:
        model: takes (n, k) and gives (n, 1), float32.
        rows: (n, k), that each runtime must be able to predict.

    Returns:
        why a runtime can't run it, by the runtime's name.

    Raises:
        OSError: if the folder can't be written.
    """
    # LiteRT too gets any number of rows: a Flatten or Reshape layer would keep the one row that write_exports gives it.
    rows_of_any_number = [keras.InputSpec(dtype="float32", shape=(None, rows.shape[1]), name=INPUT_TENSOR)]

    def export(path: Path, kind: str) -> None:
        model.export(path, format=kind, verbose=False, input_signature=rows_of_any_number)

    try:
        export(folder, "tf_saved_model")
    except tf.errors.OpError as error:  # such as a full disk
        raise OSError(error.message) from error
    remove_empty_assets(folder)
    faults = attempt("keras", folder, lambda file: _save(model, file), rows)
    faults |= attempt("litert", folder, lambda file: export(file, "litert"), rows)
    if tfjs.can_write(model):
        tfjs.write(model, folder / "tfjs")
    return faults


def _save(model: Model, file: Path) -> None:
    """Write a .keras file that can be opened without the code that made the model, which is known here."""
    model.save(file)
    with zipfile.ZipFile(file) as archive:
        problem = foreign_object(json.loads(archive.read("config.json")))
    if problem:
        raise ValueError(f"its file {problem}")


def remove_empty_assets(folder: Path) -> None:
    """Remove the folder that TensorFlow makes for files beside a SavedModel, if there are none."""
    with suppress(OSError):  # it has some
        (folder / "assets").rmdir()


def attempt(runtime: Runtime, folder: Path, write: Callable[[Path], Any], rows: Float32Array) -> dict[str, str]:
    """Write a runtime's model file and predict rows with it; take it away if that fails.

    Returns:
        why it failed, by the name of the runtime; empty if it did not.

    Raises:
        OSError: if the folder can't be written.
    """
    file = folder / MODEL_FILES[runtime]
    try:
        write(file)
        predictor = load_predictor(file.read_bytes(), runtime)
        for size in (1, len(rows)):
            predictor.predict(rows[:size])
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - converters and runtimes raise what they like
        file.unlink(missing_ok=True)
        return {runtime: first_sentence(error)}
    return {}


def first_sentence(error: Exception) -> str:
    """Return the first sentence of an error that may have pages of them."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    first = re.sub(r"^\S+:\d+:\d+: error: ", "", lines[0])  # the converter begins with a place in its own code
    return re.split(r"(?<=[.;]) ", first)[0][:200]


def export_differences(expected: Floats, folder: Path, rows: Floats) -> Mapping[str, float]:
    """Return how far each export is from the model: the largest absolute difference, in the label's unit.

    Args:
        expected: the model's own predictions, float64 (n,).
        folder: where the exports are; a format that the model can't have is missing there.
        rows: float64 (n, k), to predict.
    """
    serve = tf.saved_model.load(str(folder)).signatures[SIGNATURE_NAME]
    predictors: dict[str, Callable[[Float32Array], Float32Array]] = {
        "saved_model": lambda batch: serve(**{INPUT_TENSOR: tf.constant(batch)})[OUTPUT_TENSOR].numpy()[:, 0]
    }
    with suppress_stderr():
        for runtime in RUNTIMES:
            if (folder / MODEL_FILES[runtime]).exists():
                predictors[runtime] = load_predictor((folder / MODEL_FILES[runtime]).read_bytes(), runtime).predict
    if (folder / "tfjs").exists():
        predictors["tfjs"] = lambda batch: tfjs.recompute(folder / "tfjs", batch)
    largest = dict.fromkeys(predictors, 0.0)
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        for name, predictor in predictors.items():
            with suppress_stderr():
                apart = np.abs(predictor(rows[part].astype(np.float32)) - expected[part])
            largest[name] = float(np.maximum(largest[name], np.max(apart)))  # what is not a number stays so
    return largest
