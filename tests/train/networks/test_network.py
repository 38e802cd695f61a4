"""The networks: which errors they reach. Each test trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import VersionStore
from tests.train.helpers import write_small
from train.dataset import Dataset, Floats, Indices, load_dataset
from train.errors import TrainError
from train.evaluation import Evaluation, PredictFunction, evaluate, rmse
from train.metadata import build_signature
from train.networks.fitting import Examples
from train.spec import Spec, read_spec

pytestmark = pytest.mark.slow


def evaluate_network(spec: Spec, data: Dataset) -> Evaluation:
    from train.networks.network import fit_network, predict

    inputs = build_signature(spec, data).inputs

    def fit(rows: Floats, label: Floats) -> PredictFunction:
        model = fit_network(Examples(inputs, rows, label), spec.fit, spec.seed)
        return lambda rows: predict(model, rows)

    return evaluate(fit, data)


def test_linear_reaches_least_squares_on_the_split_and_on_the_folds(published: Path) -> None:
    data = load_dataset(read_spec(Path("train/boston.toml")))
    card = VersionStore(published, "boston").card(1)
    design = np.column_stack([data.inputs, np.ones(len(data.label))])

    def least_squares_rmse(training: Indices, held_out: Indices) -> float:
        weights = np.linalg.lstsq(design[training], data.label[training], rcond=None)[0]
        return rmse(data.label[held_out] - design[held_out] @ weights)

    assert card["metrics"]["rmse"] == pytest.approx(least_squares_rmse(data.train_rows, data.test_rows), rel=1e-3)
    assert card["metrics"]["rmse"] == pytest.approx(6.152, abs=5e-4)
    assert card["cv"]["fold_rmse"] == pytest.approx([least_squares_rmse(*fold) for fold in data.folds], rel=1e-3)
    assert card["cv"]["rmse"] == pytest.approx(6.052, abs=5e-4)


def test_mlp_beats_gradient_boosting_with_another_seed_too(published: Path) -> None:
    spec = read_spec(Path("train/boston_mlp.toml"))
    card = VersionStore(published, "boston").card(3)
    boosting = card["baselines"]["gradient_boosting"]["cv"]["rmse"]
    assert card["cv"]["rmse"] < boosting
    assert evaluate_network(replace(spec, seed=7), load_dataset(spec)).cv_rmse < boosting


def test_linear_learns_three_categories_whose_effects_are_not_in_order(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    data = load_dataset(spec)
    codes_as_numbers = np.column_stack([data.inputs, np.ones(len(data.label))])
    weights = np.linalg.lstsq(codes_as_numbers, data.label, rcond=None)[0]
    assert rmse(data.label - codes_as_numbers @ weights) > 10  # no straight line through the codes can fit them
    evaluation = evaluate_network(spec, data)
    assert evaluation.metrics["rmse"] < 1e-3
    assert evaluation.cv_rmse < 1e-3


def test_a_training_that_diverges_is_an_error(tmp_path: Path) -> None:
    from train.networks.network import fit_network

    spec = read_spec(write_small(tmp_path))
    data = load_dataset(spec)
    config = replace(spec.fit, learning_rate=10.0, weight_decay=1000.0)
    with pytest.raises(TrainError, match=r"diverged.*; lower fit.learning_rate"):
        fit_network(Examples(build_signature(spec, data).inputs, data.inputs, data.label), config, 1)
