"""Fitting: from rows and labels to the layers of a network, in numpy alone.

Owns how the networks beside each other become one: Dense layers, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from registry import Input
from train.dataset import Floats
from train.networks.encoder import EncodedRows, Encoder, block_diagonal, fit_encoder
from train.networks.label_scale import LabelScale
from train.networks.layers import Layer, apply, make_layer
from train.networks.ridge import ridge
from train.networks.towers import Tower, fit_towers
from train.spec import FitConfig


@dataclass(frozen=True, slots=True)
class Examples:
    """What a network is fitted to.

    Attributes:
        inputs: the inputs, in the order of the columns.
        rows: float64 (n, k); what is missing stands as the number that ``inputs`` say.
        label: float64 (n,), in its unit.
        log_label: whether the network learns the logarithm of the label.
    """

    inputs: Sequence[Input]
    rows: Floats
    label: Floats
    log_label: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted network."""

    layers: tuple[Layer, ...]

    def predict(self, rows: Floats) -> Floats:
        """Return the predictions, float64 (n,) in the label's unit, for rows (n, k)."""
        return apply(self.layers, rows)[:, 0]


def fit_layers(examples: Examples, config: FitConfig, seed: int, on_step: Callable[[], None] = lambda: None) -> Fitted:
    """Fit a network. Arguments and errors are those of :func:`train.networks.network.fit_network`."""
    scale = LabelScale.fit(examples.label, log=examples.log_label)
    encoder = fit_encoder(examples.inputs, examples.rows, config.quantiles)
    features, target = EncodedRows(encoder, examples.rows), scale.standardised(examples.label)
    if config.architecture == "mlp":
        towers = fit_towers(features, target.astype(np.float32), config, seed, on_step)
    else:
        towers = [_linear(features, target, config.penalty if config.architecture == "ridge" else None)]
        for _ in range(config.steps):
            on_step()
    layers = join(encoder, towers)
    if examples.log_label:
        scale = scale.smeared(examples.label, apply(layers, examples.rows)[:, 0])
    layers = (*layers, *scale.last_layers())
    return Fitted(layers)


def _linear(features: EncodedRows, target: Floats, penalty: float | None) -> Tower:
    weights, intercept = ridge(features, target, penalty)
    return Tower("linear", [weights.astype(np.float32)[:, np.newaxis]], [np.array([intercept], np.float32)])


def join(encoder: Encoder, towers: Sequence[Tower]) -> tuple[Layer, ...]:
    """Return the layers that make of rows the mean of the towers' predictions.

    The towers stand side by side: each kernel has theirs along its diagonal. The straight lines, which are one in the
    mean, pass the hidden layers as a pair of units, relu(z) and relu(-z).
    """
    depth = len(towers[0].kernels)
    kernels = [[tower.kernels[number].astype(np.float64) for tower in towers] for number in range(depth)]
    biases = [np.concatenate([tower.biases[number] for tower in towers], dtype=np.float64) for number in range(depth)]
    joined = [np.concatenate(kernels[0], axis=1), *map(block_diagonal, kernels[1:])]
    mean = np.full((len(towers), 1), 1 / len(towers))
    joined[-1], biases[-1] = joined[-1] @ mean, biases[-1] @ mean
    lines = [tower.line for tower in towers if tower.line is not None]
    if lines:
        pair = np.array([[1.0, -1.0]])
        joined[0] = np.concatenate([joined[0], np.mean(lines, axis=0, dtype=np.float64) @ pair], axis=1)
        joined[1:-1] = [block_diagonal([kernel, np.eye(2)]) for kernel in joined[1:-1]]
        joined[-1] = np.concatenate([joined[-1], pair.T])
        biases[:-1] = [np.append(bias, [0.0, 0.0]) for bias in biases[:-1]]
    joined[0], biases[0] = encoder.kernel @ joined[0], encoder.bias @ joined[0] + biases[0]
    names = [*(f"hidden_{number}" for number in range(1, depth)), "mean"]
    activations = [towers[0].activation] * (depth - 1) + ["linear"]
    return (*encoder.layers, *map(make_layer, names, joined, biases, activations))
