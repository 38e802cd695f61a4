"""Fitting: that the layers predict what was fitted, and what becomes of values that no row had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.train.mixed import INPUTS, mixed, texts
from train.errors import TrainError
from train.networks.encoder import EncodedRows, fit_encoder
from train.networks.fitting import Examples, fit_layers, join
from train.networks.layers import apply
from train.networks.towers import fit_towers
from train.spec import FitConfig

CONFIG = FitConfig("mlp", 60, 0.01, hidden=(12, 6, 5), weight_decay=0.3, members=3)
RELU = replace(CONFIG, activation="relu", skip=True, quantiles=8)
RIDGE = FitConfig("ridge", 1, 0.0, penalty=1.0)


@pytest.mark.parametrize("config", [CONFIG, RELU, replace(RELU, hidden=(7,)), replace(RELU, members=1)])
def test_the_layers_predict_the_mean_of_the_members(config: FitConfig) -> None:
    rows, label = mixed(400)
    features = EncodedRows(fit_encoder(INPUTS, rows, config.quantiles), rows)
    target = ((label - label.mean()) / label.std()).astype(np.float32)
    towers = fit_towers(features, target, config, 1, lambda: None)
    assert len(towers) == config.members
    members = [tower.outputs(features.take(slice(None)))[-1][:, 0] for tower in towers]
    layers = join(features.encoder, towers)
    np.testing.assert_allclose(apply(layers, rows)[:, 0], np.mean(members, axis=0), atol=1e-5)
    fitted = fit_layers(Examples(INPUTS, rows, label), config, 1)
    np.testing.assert_allclose(
        fitted.predict(rows), label.mean() + label.std() * np.mean(members, axis=0), atol=1e-4 * label.std()
    )


def test_a_code_that_no_row_has_is_predicted_as_the_average_by_a_linear_model() -> None:
    rows = np.array([[1.0], [1], [1], [2]])
    fitted = fit_layers(Examples([texts("x", 3)], rows, np.array([4.0, 5, 6, 9])), replace(RIDGE, penalty=0.0), 1)
    assert fitted.predict(np.array([[0.0], [1], [2]])) == pytest.approx([6, 5, 9], rel=1e-5)


@pytest.mark.parametrize("config", [RIDGE, replace(RIDGE, architecture="linear", steps=7)])
def test_linear_models_tell_their_steps_and_do_not_depend_on_the_seed(config: FitConfig) -> None:
    rows, label = mixed(100)
    steps: list[int] = []
    first = fit_layers(Examples(INPUTS, rows, label), config, 1, lambda: steps.append(1))
    assert len(steps) == config.steps
    second = fit_layers(Examples(INPUTS, rows, label), config, 2)
    np.testing.assert_array_equal(first.predict(rows), second.predict(rows))


def test_a_log_label_makes_products_of_sums() -> None:
    rows, _ = mixed(500)
    rows = rows[:, 3:5]
    label = 7 * np.exp(0.8 * rows[:, 0] - 0.5 * rows[:, 1])
    inputs = [replace(INPUTS[3], categories=(0, 1, 2), levels=("a", "b", "c"), missing=None, limits=(0, 2)), INPUTS[4]]
    fitted = fit_layers(Examples(inputs, rows, label, log_label=True), replace(RIDGE, penalty=1e-6), 1)
    np.testing.assert_allclose(fitted.predict(rows), label, rtol=1e-4)


def test_a_fit_that_diverges_is_an_error() -> None:
    rows, label = mixed(100)
    with pytest.raises(TrainError, match=r"diverged.*; lower fit.learning_rate"):
        fit_layers(Examples(INPUTS, rows, label), replace(CONFIG, learning_rate=10.0, weight_decay=1000.0), 1)
