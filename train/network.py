"""The networks: their layers, and the one way they are fitted. Importing this module imports TensorFlow.

Knows rows and labels; knows neither where they come from, nor what is done with the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR
from train.data import Floats
from train.errors import TrainError
from train.features import expand, ramps
from train.spec import Fit, InputSpec

Model = Any  # keras has no types


def fit_network(
    inputs: Sequence[InputSpec], fit: Fit, seed: int, rows: Floats, label: Floats, on_step: Callable[[], None]
) -> Model:
    """Fit a network: float32 (n, k) in, float32 (n, 1) in the label's unit out. Repeatable to the bit.

    Each step sees all the rows, under Adam with decoupled weight decay (Loshchilov & Hutter 2019) and a learning rate
    that falls to 0 along a half cosine, so that the last step leaves nothing to luck. The label is standardised
    meanwhile: the settings then mean the same whatever its unit.

    Args:
        rows, label: float64 (n, k) and (n,).
        on_step: called after every step.

    Raises:
        TrainError: if the weights did not stay finite.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    center, spread = float(np.mean(label)), float(np.std(label))
    model = _build(inputs, fit, rows)
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(fit.learning_rate, fit.steps), weight_decay=fit.weight_decay
        ),
        loss="mse",
    )
    batch = rows.astype(np.float32), ((label - center) / spread).astype(np.float32)[:, np.newaxis]
    # One epoch of `steps` times the same batch: an epoch each would cost more than the arithmetic.
    model.fit(
        tf.data.Dataset.from_tensors(batch).repeat(fit.steps),
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: on_step())],
    )
    last = model.layers[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel * spread, bias * spread + center])
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise TrainError("the training diverged; lower fit.learning_rate in the spec")
    return model


def predict(model: Model, rows: Floats) -> Floats:
    """The predictions, float64 (n,), for rows (n, k)."""
    # Called, not `predict`ed: that traces a graph anew for each model.
    return np.asarray(model(rows.astype(np.float32), training=False), dtype=np.float64).reshape(len(rows))


def weights_digest(model: Model) -> str:
    """The SHA-256 over the bytes of all weights, in order. (The file is no measure: each save dates itself.)"""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _build(inputs: Sequence[InputSpec], fit: Fit, rows: Floats) -> Model:
    layers: list[Any] = []
    first = ramps(inputs)
    if first is not None:
        dense = keras.layers.Dense(len(first[1]), activation="relu", trainable=False, name="ramps")
        dense.build((None, len(inputs)))
        dense.set_weights(list(first))
        layers.append(dense)
    layers.append(_normalization(expand(inputs, rows)))
    layers += [
        keras.layers.Dense(units, activation="tanh", name=f"hidden_{number}")
        for number, units in enumerate(fit.hidden, 1)
    ]
    # Without hidden layers the problem is convex: it starts at 0, and what a fold never saw stays there.
    start = "glorot_uniform" if fit.hidden else "zeros"
    layers.append(keras.layers.Dense(1, kernel_initializer=start, name="prediction"))
    return keras.Sequential([keras.Input((len(inputs),), name=INPUT_TENSOR), *layers], name=fit.architecture)


def _normalization(features: Floats) -> Any:
    variance = features.var(axis=0)
    layer = keras.layers.Normalization(name="normalization")
    layer.build((None, features.shape[1]))
    # Set, not adapted: in float64, and with 1 for a variance of 0 (a rare category that a fold left out), where
    # Normalization would blow up the first value that differs.
    layer.set_weights([features.mean(axis=0), np.where(variance > 0, variance, 1.0), np.array(len(features))])
    layer.finalize_state()
    return layer
