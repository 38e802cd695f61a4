"""The networks: they reach what they are meant to reach. Every test trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.small import write_small
from train.data import Data, Floats, load
from train.errors import TrainError
from train.features import expand, ramps
from train.judge import Predict, Verdict, baselines, judge, rmse
from train.spec import Spec, read_spec

pytestmark = pytest.mark.slow


def fitted(spec: Spec, data: Data) -> Verdict:
    from train.network import fit_network, predict

    def learn(rows: Floats, label: Floats) -> Predict:
        model = fit_network(spec.inputs, spec.fit, spec.seed, rows, label, lambda: None)
        return lambda some: predict(model, some)

    return judge(learn, data)


def test_linear_reaches_least_squares_on_the_split_and_on_the_folds() -> None:
    spec = read_spec(Path("train/boston.toml"))
    data = load(spec)
    found = fitted(spec, data)
    design = np.column_stack([data.inputs, np.ones(len(data.label))])

    def best(seen: np.ndarray, unseen: np.ndarray) -> float:
        weights = np.linalg.lstsq(design[seen], data.label[seen], rcond=None)[0]
        return rmse(data.label[unseen], design[unseen] @ weights)

    assert found.metrics["rmse"] == pytest.approx(best(data.train, data.test), rel=1e-3)
    assert found.metrics["rmse"] == pytest.approx(6.152, abs=5e-4)
    assert found.fold_rmse == pytest.approx([best(*fold) for fold in data.folds], rel=1e-3)
    assert found.cv_rmse == pytest.approx(6.052, abs=5e-4)


def test_mlp_beats_gradient_boosting_from_another_start_too() -> None:
    spec = read_spec(Path("train/boston_mlp.toml"))
    data = load(spec)
    boosting = judge(baselines(spec.inputs, spec.seed)["gradient_boosting"], data)
    assert boosting.cv_rmse == pytest.approx(5.328, abs=5e-4)
    assert fitted(replace(spec, seed=7), data).cv_rmse < boosting.cv_rmse


def test_linear_learns_what_three_categories_do_although_it_goes_up_and_down(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    data = load(spec)
    as_numbers = np.column_stack([data.inputs, np.ones(len(data.label))])
    left = rmse(data.label, as_numbers @ np.linalg.lstsq(as_numbers, data.label, rcond=None)[0])
    assert left > 10  # no straight line through the codes can do it
    found = fitted(spec, data)
    assert found.metrics["rmse"] < 1e-3
    assert found.cv_rmse < 1e-3


def test_ramps_pass_numbers_on_and_part_the_categories(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    rows = np.array([[-10.0, 0.0], [0.0, 1.0], [10.0, 5.0]])
    np.testing.assert_array_equal(expand(spec.inputs, rows), [[0, 0, 0], [10, 1, 0], [20, 5, 4]])


def test_networks_without_such_categories_have_no_ramps() -> None:
    assert ramps(read_spec(Path("train/boston.toml")).inputs) is None


def test_a_training_that_diverges_is_refused(tmp_path: Path) -> None:
    from train.network import fit_network

    spec = read_spec(write_small(tmp_path))
    data = load(spec)
    wild = replace(spec.fit, learning_rate=10.0, weight_decay=1000.0)
    with pytest.raises(TrainError, match=r"diverged; lower fit.learning_rate"):
        fit_network(spec.inputs, wild, 1, data.inputs, data.label, lambda: None)
