"""The networks: their layers, and how they are fitted. Importing this module imports TensorFlow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR
from train.dataset import Floats
from train.errors import TrainError
from train.hinge_features import hinge_features, hinge_weights
from train.spec import FitConfig, InputSpec

Model = Any  # keras has no types


def fit_network(
    inputs: Sequence[InputSpec], config: FitConfig, seed: int, rows: Floats, label: Floats, on_step: Callable[[], None]
) -> Model:
    """Fit a network that maps float32 (n, k) to float32 (n, 1), in the label's unit. Repeatable to the bit.

    The optimizer is AdamW, Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101). The learning
    rate falls to 0 along a half cosine (Loshchilov & Hutter 2017, arXiv:1608.03983), so the result depends little on
    the last step. The label is standardised while fitting, so the config means the same whatever the label's unit.

    Args:
        rows, label: float64 (n, k) and (n,).
        on_step: called after each step.

    Raises:
        TrainError: if a weight is not finite in the end.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    center, spread = float(np.mean(label)), float(np.std(label))
    model = _build(inputs, config, rows)
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps), weight_decay=config.weight_decay
        ),
        loss="mse",
    )
    batch = rows.astype(np.float32), ((label - center) / spread).astype(np.float32)[:, np.newaxis]
    # One epoch of `steps` equal batches: the overhead of an epoch for each step would cost more than the arithmetic.
    model.fit(
        tf.data.Dataset.from_tensors(batch).repeat(config.steps),
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: on_step())],
    )
    output = model.layers[-1]
    kernel, bias = output.get_weights()
    output.set_weights([kernel * spread, bias * spread + center])
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise TrainError("the training diverged: a weight is not a finite number; lower fit.learning_rate in the spec")
    return model


def predict(model: Model, rows: Floats) -> Floats:
    """Return the predictions, float64 (n,) in the label's unit, for rows (n, k)."""
    # model.predict would build a new graph for each model, which takes longer than the call.
    return np.asarray(model(rows.astype(np.float32), training=False), dtype=np.float64).reshape(len(rows))


def weights_digest(model: Model) -> str:
    """Return the SHA-256 of the bytes of all weights, in order. A digest of model.keras would change with each save."""
    return hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest()


def _build(inputs: Sequence[InputSpec], config: FitConfig, rows: Floats) -> Model:
    layers: list[Any] = []
    weights = hinge_weights(inputs)
    if weights is not None:
        # The exported files contain the layers' names; this one keeps its old name, so that the files stay the same.
        hinges = keras.layers.Dense(len(weights[1]), activation="relu", trainable=False, name="ramps")
        hinges.build((None, len(inputs)))
        hinges.set_weights(list(weights))
        layers.append(hinges)
    layers.append(_normalization(hinge_features(inputs, rows)))
    layers += [
        keras.layers.Dense(units, activation="tanh", name=f"hidden_{number}")
        for number, units in enumerate(config.hidden, 1)
    ]
    # Without hidden layers the problem is convex, so it may start at 0. The weight of a category that a fold never saw
    # then stays 0.
    initializer = "glorot_uniform" if config.hidden else "zeros"
    layers.append(keras.layers.Dense(1, kernel_initializer=initializer, name="prediction"))
    return keras.Sequential([keras.Input((len(inputs),), name=INPUT_TENSOR), *layers], name=config.architecture)


def _normalization(features: Floats) -> Any:
    variance = features.var(axis=0)
    layer = keras.layers.Normalization(name="normalization")
    layer.build((None, features.shape[1]))
    # Set by hand instead of by layer.adapt: computed in float64, and with 1 for a variance of 0 (a rare category that
    # a fold left out), where Normalization would divide the first different value by almost 0.
    layer.set_weights([features.mean(axis=0), np.where(variance > 0, variance, 1.0), np.array(len(features))])
    layer.finalize_state()
    return layer
