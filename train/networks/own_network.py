"""Networks of the author's code: run it, check what it built, and fit that behind the encoder. Imports TensorFlow.

An error of the author's code is shown as theirs: its file, its line and its words.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry import INPUT_TENSOR
from train.errors import TrainError
from train.networks.encoder import Encoder, fit_encoder
from train.networks.fitting import Examples
from train.networks.label_scale import LabelScale
from train.networks.layers import Float32s, make_layer
from train.networks.network import Model, dense, fit_network, predict
from train.networks.towers import BATCH, FULL_BATCH_ROWS
from train.spec import FitConfig, OwnNetwork


def fit_model(
    examples: Examples, config: FitConfig | OwnNetwork, seed: int, on_step: Callable[[], None] = lambda: None
) -> Model:
    """Fit a network of either kind; see :func:`train.networks.network.fit_network` and :func:`fit_own`."""
    if isinstance(config, OwnNetwork):
        return fit_own(examples, config, seed, on_step)
    return fit_network(examples, config, seed, on_step)


def fit_own(examples: Examples, own: OwnNetwork, seed: int, on_step: Callable[[], None] = lambda: None) -> Model:
    """Fit a network that the author's function builds, to features that the encoder makes of rows.

    The label is standardised while fitting. A network that comes compiled keeps its optimizer and its loss; another is
    fitted by AdamW with a learning rate that falls to 0, as ours are.

    Args:
        on_step: called after each step.

    Returns:
        a model that maps float32 (n, k) to float32 (n, 1), in the label's unit.

    Raises:
        TrainError: if the author's code fails, builds something else than such a network, or the fit diverges.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    rows, label = examples.rows, examples.label
    scale, encoder = LabelScale.fit(label, log=examples.log_label), fit_encoder(examples.inputs, rows)
    features, target = encoder.features(rows), scale.standardised(label).astype(np.float32)[:, np.newaxis]
    network = _build(own, features.shape[1])
    _compile(own, network)
    try:
        network.fit(
            _batches(features, target, own.steps, seed),
            shuffle=False,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: on_step())],
        )
    except Exception as error:
        raise _as_theirs(own, error, "can't be fitted") from error
    if examples.log_label:
        scale = scale.smeared(label, np.asarray(network(features, training=False), dtype=np.float64).reshape(-1))
    model = _join(encoder, network, scale)
    if not np.isfinite(predict(model, rows)).all() or not all(np.isfinite(item).all() for item in model.get_weights()):
        raise TrainError(
            f"{own.source}: the network of {own.function} diverged: a weight or a prediction is not a finite number; "
            "lower fit.learning_rate in the spec, or look at its layers"
        )
    return model


def require_runtime(own: OwnNetwork, faults: Mapping[str, str]) -> None:
    """Check that a runtime is left that can run the network.

    Args:
        faults: why a runtime can't, by its name.

    Raises:
        TrainError: if none is.
    """
    if {"litert", "keras"} <= faults.keys():
        raise TrainError(
            f"{own.source}: no runtime can run the network of {own.function}: LiteRT ({faults['litert']}), "
            f"Keras ({faults['keras']}); build it of layers that Keras has"
        )


def _build(own: OwnNetwork, features: int) -> Model:
    """Run the author's code, and check what it returns."""
    module = ModuleType(own.source.stem)
    module.__file__ = str(own.source)
    sys.modules.setdefault(module.__name__, module)  # classes that are saved or pickled look their module up
    try:
        # The bytes that were hashed, not the file, which may have changed since.
        exec(compile(own.content, str(own.source), "exec"), module.__dict__)  # noqa: S102 - [fit] build asks for it
        network = getattr(module, own.function)(features)
    except Exception as error:
        raise _as_theirs(own, error, f"failed for {features} inputs") from error
    finally:
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]
    if not isinstance(network, keras.Model):
        hint = "; is a return missing?" if network is None else ""
        raise TrainError(
            f"{own.source}: {own.function} returned {type(network).__name__}, expected a keras.Model{hint}"
        )
    try:
        output = network(np.zeros((2, features), dtype=np.float32), training=False)
    except Exception as error:
        raise _as_theirs(own, error, f"does not take {features} inputs a row") from error
    shape = tuple(getattr(output, "shape", ()))
    if shape not in ((2, 1), (2,)):
        found = f"the shape {('n', *shape[1:])}" if shape else type(output).__name__
        raise TrainError(
            f"{own.source}: the network of {own.function} gives {found} for n rows, expected (n, 1) or (n,): "
            "one number a row"
        )
    return network


def _compile(own: OwnNetwork, network: Model) -> None:
    if network.compiled:
        if own.learning_rate is not None:
            raise TrainError(
                f"{own.source}: {own.function} returns a compiled network, whose optimizer would not use the "
                "fit.learning_rate of the spec; take one of the two away"
            )
        return
    if own.learning_rate is None:
        raise TrainError(
            f"{own.source}: {own.function} returns a network that is not compiled; compile it there, or set "
            "fit.learning_rate in the spec"
        )
    schedule = keras.optimizers.schedules.CosineDecay(own.learning_rate, own.steps)
    network.compile(keras.optimizers.AdamW(schedule, weight_decay=own.weight_decay), loss="mse")


def _batches(features: Float32s, target: Float32s, steps: int, seed: int) -> Any:
    """Return a data set with the rows of each step: all, or of many rows so many as our networks take."""
    if len(features) <= FULL_BATCH_ROWS:
        return tf.data.Dataset.from_tensors((features, target)).repeat(steps)
    rows = tf.data.Dataset.from_tensor_slices((features, target)).shuffle(len(features), seed=seed)
    return rows.repeat().batch(BATCH).take(steps)


def _join(encoder: Encoder, network: Model, scale: LabelScale) -> Model:
    """Return the layers of the encoder, of the network, and those that turn a standardised label into its unit."""
    features = make_layer("encoded", encoder.kernel, encoder.bias, trainable=False)
    before = [dense(layer) for layer in (*encoder.layers, features)]
    after = [dense(replace(layer, trainable=False)) for layer in scale.last_layers()]
    own = [network]
    names = {INPUT_TENSOR, *(layer.name for layer in (*before, *after))}
    if isinstance(network, keras.Sequential) and not names & {layer.name for layer in network.layers}:
        own = network.layers  # a plain list of layers is what TensorFlow.js can have
    elif network.name in names:
        raise TrainError(f"the network of [fit] build has the name {network.name!r}, which is taken; give it another")
    if len(network.compute_output_shape((None, len(encoder.bias)))) == 1:
        own = [*own, keras.layers.Reshape((1,))]
    source = keras.Input((len(encoder.pieces),), name=INPUT_TENSOR)
    return keras.Sequential([source, *before, *own, *after], name="own_network")


def _as_theirs(own: OwnNetwork, error: Exception, what: str) -> TrainError:
    """Return the error of the author's code, with the last line there that it passed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(own.source)]
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(error.lineno)
    place = f"{own.source}, line {lines[-1]}" if lines else str(own.source)
    words = " ".join(str(error).split())[:500]
    return TrainError(f"{place}: {own.function} {what}: {type(error).__name__}: {words}")
