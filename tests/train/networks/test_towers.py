"""The towers: their gradients, their seeds, and which rows a step uses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.train.mixed import number
from train.networks import towers as module
from train.networks.encoder import EncodedRows, fit_encoder
from train.networks.layers import Float32s
from train.networks.towers import Tower, fit_towers
from train.spec import FitConfig

CONFIG = FitConfig("mlp", 40, 0.01, hidden=(6, 4), weight_decay=0.1, activation="relu", skip=True, members=2)


def encoded(rows: int) -> tuple[EncodedRows, Float32s]:
    generator = np.random.default_rng(0)
    values = generator.uniform(-3, 3, (rows, 2))
    target = np.sin(values[:, 0]) + values[:, 1] + generator.normal(0, 0.1, rows)
    inputs = [number("x", -3, 3), number("y", -3, 3)]
    return EncodedRows(fit_encoder(inputs, values), values), target.astype(np.float32)


def fit(config: FitConfig, seed: int = 1, rows: int = 200) -> list[Tower]:
    return fit_towers(*encoded(rows), config, seed, lambda: None)


def same(first: list[Tower], second: list[Tower]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b) for one, two in pairs for a, b in zip(one.kernels, two.kernels, strict=True))


@pytest.mark.parametrize(("activation", "skip"), [("tanh", False), ("relu", True)])
def test_gradients_are_the_slopes_of_the_error(activation: str, skip: bool) -> None:
    features, target = encoded(30)
    config = replace(CONFIG, activation=activation, skip=skip, members=1, steps=3)
    (tower,) = fit_towers(features, target, config, 1, lambda: None)
    inputs = features.take(slice(None))
    lines = [] if tower.line is None else [tower.line]
    weights = [*tower.kernels, *lines, *tower.biases]

    def error() -> float:
        return float(np.mean((tower.outputs(inputs)[-1][:, 0].astype(np.float64) - target) ** 2))

    for weight, gradient in zip(weights, module._gradients(tower, inputs, target), strict=True):
        assert gradient.shape == weight.shape
        place = np.unravel_index(int(np.argmax(np.abs(gradient))), weight.shape)
        before, step = weight[place], np.float32(2**-7)
        weight[place] = before + step
        above = error()
        weight[place] = before - step
        slope = (above - error()) / (2 * float(step))
        weight[place] = before
        assert slope == pytest.approx(float(gradient[place]), rel=0.05, abs=1e-3)


def test_they_are_repeatable_to_the_bit_and_differ_by_member_and_seed() -> None:
    first = fit(CONFIG)
    assert same(first, fit(CONFIG))
    assert not same(first[:1], first[1:])
    assert not same(first, fit(CONFIG, seed=2))
    assert same(first[:1], fit(replace(CONFIG, members=1)))


def test_they_learn_a_curve_and_a_line() -> None:
    features, target = encoded(300)
    (tower,) = fit_towers(features, target, replace(CONFIG, steps=600, members=1, weight_decay=0.0), 1, lambda: None)
    predicted = tower.outputs(features.take(slice(None)))[-1][:, 0]
    assert np.std(predicted - target) < 0.2 < np.std(target)


def test_a_step_uses_as_many_rows_as_the_config_says_each_once_before_any_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Float32s] = []
    gradients = module._gradients

    def watch(tower: Tower, features: Float32s, target: Float32s) -> list[Float32s]:
        seen.append(target)
        return gradients(tower, features, target)

    monkeypatch.setattr(module, "_gradients", watch)
    fit(replace(CONFIG, batch=50, steps=8, members=1))
    assert [len(target) for target in seen] == [50] * 8
    first, second = (np.sort(np.concatenate(seen[start : start + 4])) for start in (0, 4))
    np.testing.assert_array_equal(first, np.sort(encoded(200)[1]))
    np.testing.assert_array_equal(second, first)
    seen.clear()
    fit(replace(CONFIG, steps=1, members=1), rows=module.FULL_BATCH_ROWS)
    fit(replace(CONFIG, steps=1, members=1), rows=module.FULL_BATCH_ROWS + 1)
    assert [len(target) for target in seen] == [module.FULL_BATCH_ROWS, module.BATCH]


def test_steps_are_told_once_each_and_an_interruption_ends_all_members() -> None:
    steps: list[int] = []
    fit_towers(*encoded(50), CONFIG, 1, lambda: steps.append(1))
    assert len(steps) == CONFIG.steps

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # at once: a million steps would take minutes
        fit_towers(*encoded(50), replace(CONFIG, steps=1_000_000, members=6), 1, interrupt)
