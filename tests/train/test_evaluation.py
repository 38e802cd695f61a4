"""The evaluation: metrics, baselines, intervals and slices against known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.baselines import baselines
from train.dataset import Dataset, load_dataset
from train.evaluation import Evaluation, bootstrap_intervals, evaluate, measure
from train.metadata import build_signature
from train.slices import evaluate_slices
from train.spec import Spec, read_spec


@pytest.fixture(scope="module")
def boston() -> tuple[Spec, Dataset]:
    spec = read_spec(Path("train/boston.toml"))
    return spec, load_dataset(spec)


@pytest.fixture(scope="module")
def evaluations(boston: tuple[Spec, Dataset]) -> dict[str, Evaluation]:
    spec, data = boston
    rivals = baselines(build_signature(spec, data).inputs, spec.seed, len(data.train_rows))
    return {name: evaluate(fit, data) for name, fit in rivals.items()}


def test_metrics_have_the_textbook_values() -> None:
    actual, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])
    assert measure(actual, predicted) == pytest.approx({"rmse": np.sqrt(3), "mae": 1, "r2": 1 - 9 / 2})


def test_baselines_have_their_known_errors(evaluations: dict[str, Evaluation]) -> None:
    assert evaluations["least_squares"].metrics["rmse"] == pytest.approx(6.152, abs=5e-4)
    assert evaluations["least_squares"].cv_rmse == pytest.approx(6.052, abs=5e-4)
    assert evaluations["mean"].metrics["rmse"] == pytest.approx(8.663, abs=5e-4)
    assert evaluations["gradient_boosting"].cv_rmse == pytest.approx(5.328, abs=5e-4)


def test_intervals_contain_the_metric_and_are_repeatable(
    boston: tuple[Spec, Dataset], evaluations: dict[str, Evaluation]
) -> None:
    _, data = boston
    evaluation = evaluations["least_squares"]
    first, second = (
        bootstrap_intervals(data.label[data.test_rows], evaluation.test_predictions, samples=200, seed=3)
        for _ in range(2)
    )
    assert all(low < evaluation.metrics[name] < high for name, (low, high) in first.items())
    assert first == second


def test_each_row_is_in_one_slice_of_each_column(
    boston: tuple[Spec, Dataset], evaluations: dict[str, Evaluation]
) -> None:
    spec, data = boston
    slices = evaluate_slices(spec, build_signature(spec, data).inputs, data, evaluations["least_squares"])
    for column in ("rm", "tax", "age", "chas", "lstat"):
        of_column = [item for item in slices if item.column == column]
        assert sum(item.cv_rows for item in of_column) == len(data.label)
        assert sum(item.test_rows for item in of_column) == len(data.test_rows)
        assert len(of_column) == (2 if column == "chas" else 4)


def test_a_slice_has_an_interval_that_is_repeatable_and_wider_for_fewer_rows(
    boston: tuple[Spec, Dataset], evaluations: dict[str, Evaluation]
) -> None:
    spec, data = boston
    inputs = build_signature(spec, data).inputs
    slices, again = (evaluate_slices(spec, inputs, data, evaluations["least_squares"]) for _ in range(2))
    assert slices == again
    assert all(item.low < item.cv_rmse < item.high for item in slices)
    few, many = (next(item for item in slices if (item.column, item.slice) == ("chas", value)) for value in "10")
    assert few.cv_rows < many.cv_rows
    assert few.high - few.low > 2 * (many.high - many.low)
    errors = boston[1].label - evaluations["least_squares"].cv_predictions
    squares = errors[boston[1].columns["chas"] == 0] ** 2  # the normal approximation, by the delta method
    deviation = squares.std() / np.sqrt(len(squares)) / (2 * many.cv_rmse)
    assert (many.high - many.low) / 2 == pytest.approx(1.96 * deviation, rel=0.1)
