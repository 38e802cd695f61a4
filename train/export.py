"""The exports: a model's files in every format, and the proof that they all predict the same.

Knows the layout of a version's folder. Knows neither how the model was trained nor where it is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME
from registry.predictor import Float32Array, Keras, LiteRT
from train import tfjs
from train.data import Floats
from train.network import Model, predict
from train.noise import held_back


def write_exports(model: Model, folder: Path) -> None:
    """Write the SavedModel at the folder's root, model.keras, model.tflite and tfjs/.

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
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        raise OSError(error.message) from error
    (folder / "assets").rmdir()  # always empty: the network has no vocabulary
    model.save(folder / "model.keras")
    model.export(
        folder / "model.tflite",
        format="litert",
        verbose=False,
        input_signature=[keras.InputSpec(dtype="float32", shape=(1, columns), name=INPUT_TENSOR)],
    )
    tfjs.write(model, folder / "tfjs")


def differences(model: Model, folder: Path, rows: Floats) -> Mapping[str, float]:
    """The largest absolute difference between the model's predictions for rows (n, k) and each written file's."""
    expected = predict(model, rows)
    given: Float32Array = rows.astype(np.float32)
    serve = tf.saved_model.load(str(folder)).signatures[SIGNATURE_NAME]
    with held_back():
        litert = LiteRT((folder / "model.tflite").read_bytes()).predict(given)
    found = {
        "keras": Keras((folder / "model.keras").read_bytes()).predict(given),
        "saved_model": serve(**{INPUT_TENSOR: tf.constant(given)})[OUTPUT_TENSOR].numpy().reshape(len(rows)),
        "litert": litert,
        "tfjs": tfjs.recompute(folder / "tfjs", given),
    }
    return {name: float(np.max(np.abs(values - expected))) for name, values in found.items()}
