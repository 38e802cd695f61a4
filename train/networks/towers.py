"""Towers: a few small networks side by side whose mean is the prediction, and how numpy fits them.

Owns the arithmetic of the optimizer; :mod:`train.networks.fitting` makes layers of the weights.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np
from threadpoolctl import threadpool_limits

from train.errors import TrainError
from train.networks.encoder import EncodedRows, Encoder
from train.networks.layers import ACTIVATIONS, Float32s
from train.spec import FitConfig

FULL_BATCH_ROWS = 20_000  # with more rows, a step uses BATCH of them unless the spec says otherwise
BATCH = 512

_FIRST_MOMENT, _SECOND_MOMENT, _EPSILON = 0.9, 0.999, 1e-7  # of Adam, as in Keras


@dataclass(slots=True)
class Tower:
    """The weights of one network, all float32: hidden layers that end in one unit, and a straight line beside them.

    Attributes:
        activation: of the hidden layers, by the name that keras has for it.
        kernels, biases: (a, b) and (b,) of each layer; the last has b = 1.
        line: (f, 1), added to the last layer; None for none.
    """

    activation: str
    kernels: list[Float32s]
    biases: list[Float32s]
    line: Float32s | None = None

    def outputs(self, features: Float32s) -> list[Float32s]:
        """Return the features (n, f) and the output of each layer, (n, b)."""
        values = [features]
        for number, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True), 1):
            output = values[-1] @ kernel
            output += bias
            if number < len(self.kernels):
                output = ACTIVATIONS[self.activation](output)
            elif self.line is not None:
                output += features @ self.line
            values.append(output)
        return values


def fit_towers(
    features: EncodedRows, target: Float32s, config: FitConfig, seed: int, on_step: Callable[[], None]
) -> list[Tower]:
    """Fit the networks to features (n, f) and a standardised target (n,). Repeatable to the bit on one machine.

    They differ in their first weights and in the order of the rows, each by a seed of its own.

    Args:
        config: of an mlp.
        on_step: called after each step of the first network.

    Raises:
        TrainError: if a weight is not finite in the end.
    """
    seeds = np.random.SeedSequence(seed).spawn(config.members)
    stopped = threading.Event()

    def step_of_another() -> None:
        if stopped.is_set():
            raise InterruptedError

    def fit(member: int) -> Tower:
        step = step_of_another if member else on_step
        return _fit_tower(features, target, config, np.random.default_rng(seeds[member]), step)

    # A network on each core, instead of each small product on all: whose threads wait for each other.
    with threadpool_limits(1, user_api="blas"):
        if config.members == 1:
            return [fit(0)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            others = [pool.submit(fit, member) for member in range(1, config.members)]
            try:
                return [fit(0), *(other.result() for other in others)]
            finally:
                stopped.set()


@np.errstate(over="ignore", invalid="ignore")  # of a training that diverges, which is told in the end
def _fit_tower(
    features: EncodedRows,
    target: Float32s,
    config: FitConfig,
    generator: np.random.Generator,
    on_step: Callable[[], None],
) -> Tower:
    """Fit one network by AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), without decay on the biases.

    The learning rate falls to 0 along a half cosine (Loshchilov & Hutter 2017, arXiv:1608.03983).
    """
    size = config.batch or (BATCH if len(features) > FULL_BATCH_ROWS else len(features))
    batches = _batches(features, target, size, generator)
    tower = _new_tower(features.encoder, config, generator)
    lines = [] if tower.line is None else [tower.line]
    weights = [*tower.kernels, *lines, *tower.biases]
    decays = [config.weight_decay] * (len(weights) - len(tower.biases)) + [0.0] * len(tower.biases)
    means, squares = [np.zeros_like(weight) for weight in weights], [np.zeros_like(weight) for weight in weights]
    for step, batch in zip(range(config.steps), batches, strict=False):
        gradients = _gradients(tower, *batch)
        rate = config.learning_rate * (1 + math.cos(math.pi * step / config.steps)) / 2
        corrected = rate * math.sqrt(1 - _SECOND_MOMENT ** (step + 1)) / (1 - _FIRST_MOMENT ** (step + 1))
        for weight, gradient, mean, square, decay in zip(weights, gradients, means, squares, decays, strict=True):
            mean += np.float32(1 - _FIRST_MOMENT) * (gradient - mean)
            square += np.float32(1 - _SECOND_MOMENT) * (gradient * gradient - square)
            weight *= np.float32(1 - rate * decay)
            weight -= np.float32(corrected) * mean / (np.sqrt(square) + np.float32(_EPSILON))
        on_step()
    if not all(np.isfinite(weight).all() for weight in weights):
        raise TrainError("the training diverged: a weight is not a finite number; lower fit.learning_rate in the spec")
    return tower


def _new_tower(encoder: Encoder, config: FitConfig, generator: np.random.Generator) -> Tower:
    """Return a tower with Glorot's uniform weights; the straight line begins at 0."""
    features = len(encoder.bias)
    kernels = []
    for before, after in pairwise((features, *config.hidden, 1)):
        limit = math.sqrt(6 / (before + after))
        kernels.append(generator.uniform(-limit, limit, (before, after)).astype(np.float32))
    biases = [np.zeros(kernel.shape[1], dtype=np.float32) for kernel in kernels]
    return Tower(config.activation, kernels, biases, np.zeros((features, 1), np.float32) if config.skip else None)


def _batches(
    features: EncodedRows, target: Float32s, size: int, generator: np.random.Generator
) -> Iterator[tuple[Float32s, Float32s]]:
    """Yield the features and the target of each step's rows, without end."""
    if size >= len(features):
        yield from repeat((features.take(slice(None)), target))
    while True:
        order = generator.permutation(len(features))
        for start in range(0, len(features) - size + 1, size):
            rows = order[start : start + size]
            yield features.take(rows), target[rows]


def _gradients(tower: Tower, features: Float32s, target: Float32s) -> list[Float32s]:
    """Return the gradients of the mean squared error: of the kernels, the line and the biases."""
    outputs = tower.outputs(features)
    error = np.float32(2 / len(target)) * (outputs[-1] - target[:, np.newaxis])
    lines = [] if tower.line is None else [features.T @ error]
    kernels: list[Float32s] = []
    biases: list[Float32s] = []
    for number in reversed(range(len(tower.kernels))):
        before = outputs[number]
        kernels.insert(0, before.T @ error)
        biases.insert(0, error.sum(axis=0))
        if number:
            error = error @ tower.kernels[number].T
            error *= 1 - before * before if tower.activation == "tanh" else before > 0
    return [*kernels, *lines, *biases]
