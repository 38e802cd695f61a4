"""The baselines: their known errors, and that texts and missing values mean to them what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry import Input, Missing
from tests.train.mixed import INPUTS, mixed, number, texts
from train.dataset import Floats, load_dataset
from train.evaluation import evaluate, rmse
from train.evaluation.baselines import BOOSTING_ROWS, baselines
from train.metadata import build_signature
from train.spec import read_spec


def test_baselines_have_their_known_errors() -> None:
    spec = read_spec(Path("train/boston.toml"))
    data = load_dataset(spec)
    rivals = baselines(build_signature(spec, data).inputs, spec.seed, len(data.train_rows))
    evaluations = {name: evaluate(fit, data) for name, fit in rivals.items()}
    assert evaluations["least_squares"].metrics["rmse"] == pytest.approx(6.152, abs=5e-4)
    assert evaluations["least_squares"].cv_rmse == pytest.approx(6.052, abs=5e-4)
    assert evaluations["mean"].metrics["rmse"] == pytest.approx(8.663, abs=5e-4)
    assert evaluations["gradient_boosting"].cv_rmse == pytest.approx(5.328, abs=5e-4)


def predict(name: str, rows: int, inputs: tuple[Input, ...], values: Floats, label: Floats, asked: Floats) -> Floats:
    return baselines(inputs, 1, rows)[name](values, label)(asked)


@pytest.mark.parametrize("rows", [BOOSTING_ROWS, BOOSTING_ROWS + 1])
@pytest.mark.parametrize("name", ["least_squares", "gradient_boosting"])
def test_texts_are_no_numbers_and_missing_values_are_no_large_ones(name: str, rows: int) -> None:
    values, label = mixed(3000)
    train, test = slice(0, 2000), slice(2000, 3000)
    error = rmse(label[test] - predict(name, rows, INPUTS, values[train], label[train], values[test]))
    assert error < 0.85 * np.std(label[test])
    if name == "gradient_boosting":
        assert error < 0.55 * np.std(label[test])


def test_least_squares_with_an_indicator_and_levels_is_exact() -> None:
    inputs = (number("x", 0, 10, Missing(-10, 4, indicator=True)), texts("y", 4))
    generator = np.random.default_rng(0)
    values = np.column_stack([generator.uniform(0, 10, 200), generator.integers(0, 4, 200)])
    label = 2 * values[:, 0] + np.array([5, -7, 0, 9])[values[:, 1].astype(int)]
    label[:30] += 100 - 2 * values[:30, 0]
    values[:30, 0] = -10
    np.testing.assert_allclose(predict("least_squares", 200, inputs, values, label, values), label, atol=1e-3)


def test_more_levels_than_histograms_take_are_numbers_to_them() -> None:
    values = np.random.default_rng(0).integers(0, 400, (2000, 1)).astype(np.float64)
    label = values[:, 0] / 10
    found = predict("gradient_boosting", BOOSTING_ROWS + 1, (texts("x", 400),), values, label, values)
    assert rmse(found - label) < 2
