"""The exports: a model's files in every format, and how far their predictions are from the model's.

Owns the names of the model files in a version's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME
from registry.predictor import Float32Array, Keras, LiteRT
from train import tfjs
from train.dataset import Floats
from train.layers import CHUNK
from train.network import Model, predict
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


def export_differences(model: Model, folder: Path, rows: Floats) -> Mapping[str, float]:
    """Return how far each export is from the model: the largest absolute difference, in the label's unit.

    Args:
        folder: where :func:`write_exports` wrote them.
        rows: float64 (n, k), to predict.
    """
    serve = tf.saved_model.load(str(folder)).signatures[SIGNATURE_NAME]
    with suppress_stderr():
        litert = LiteRT((folder / "model.tflite").read_bytes())
    reference = Keras((folder / "model.keras").read_bytes())
    predictors: dict[str, Callable[[Float32Array], Float32Array]] = {
        "keras": reference.predict,
        "saved_model": lambda batch: serve(**{INPUT_TENSOR: tf.constant(batch)})[OUTPUT_TENSOR].numpy()[:, 0],
        "litert": litert.predict,
        "tfjs": lambda batch: tfjs.recompute(folder / "tfjs", batch),
    }
    largest = dict.fromkeys(predictors, 0.0)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        expected = predict(model, part)
        for name, predictor in predictors.items():
            with suppress_stderr():
                apart = np.abs(predictor(part.astype(np.float32)) - expected)
            largest[name] = float(np.maximum(largest[name], np.max(apart)))  # what is not a number stays so
    return largest
