"""The networks: their layers, and how they are fitted. Importing this module imports TensorFlow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR, Input
from train.dataset import Floats
from train.errors import TrainError
from train.networks.fitting import Examples, fit_layers
from train.networks.hinge_features import hinge_features, hinge_weights
from train.networks.layers import CHUNK, Layer
from train.networks.towers import FULL_BATCH_ROWS
from train.spec import FitConfig

Model = Any  # keras has no types


def fit_network(examples: Examples, config: FitConfig, seed: int, on_step: Callable[[], None] = lambda: None) -> Model:
    """Fit a network that maps float32 (n, k) to float32 (n, 1), in the label's unit. Repeatable to the bit.

    The label is standardised while fitting, so the config means the same whatever the label's unit.

    Args:
        on_step: called after each step.

    Raises:
        TrainError: if a weight is not finite in the end, or a label has no logarithm.
    """
    if _keras_fits(examples, config):
        return _fit_with_keras(examples, config, seed, on_step)
    fitted = fit_layers(examples, config, seed, on_step)
    return keras.Sequential(
        [keras.Input((len(examples.inputs),), name=INPUT_TENSOR), *map(dense, fitted.layers)], name=config.architecture
    )


def dense(layer: Layer) -> Any:
    """Return a layer of Keras."""
    made = keras.layers.Dense(len(layer.bias), activation=layer.activation, trainable=layer.trainable, name=layer.name)
    made.build((None, len(layer.kernel)))
    made.set_weights([layer.kernel, layer.bias])
    return made


def _keras_fits(examples: Examples, config: FitConfig) -> bool:
    """Say whether Keras fits the network: one of numbers and codes alone, with none of the later options.

    :mod:`train.networks.fitting` could fit these too. But a spec of an earlier release shall give the same weights to
    the bit.
    """
    later = config.skip, config.quantiles, config.members > 1, config.batch, config.activation != "tanh"
    return (
        config.architecture != "ridge"
        and not any(later)
        and not any(item.levels or item.missing for item in examples.inputs)
        and len(examples.rows) <= FULL_BATCH_ROWS
        and not examples.log_label
    )


def _fit_with_keras(examples: Examples, config: FitConfig, seed: int, on_step: Callable[[], None]) -> Model:
    """Fit a network by AdamW, Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101).

    The learning rate falls to 0 along a half cosine (Loshchilov & Hutter 2017, arXiv:1608.03983), so the result depends
    little on the last step.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    rows, label = examples.rows, examples.label
    center, spread = float(np.mean(label)), float(np.std(label))
    model = _build(examples.inputs, config, rows)
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
    parts = [rows[start : start + CHUNK].astype(np.float32) for start in range(0, len(rows), CHUNK)]
    return np.concatenate([np.asarray(model(part, training=False), dtype=np.float64)[:, 0] for part in parts])


def weights_digest(model: Model) -> str:
    """Return the SHA-256 of the bytes of all weights, in order. A digest of model.keras would change with each save."""
    return hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest()


def _build(inputs: Sequence[Input], config: FitConfig, rows: Floats) -> Model:
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
