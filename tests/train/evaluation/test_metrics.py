"""The evaluation: metrics and their intervals against known values, and which rows the folds take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.dataset import Dataset, load_dataset
from train.evaluation import SAMPLE_ROWS, Evaluation, bootstrap_intervals, evaluate, measure, sample_folds
from train.evaluation.baselines import baselines
from train.metadata import build_signature
from train.spec import read_spec


@pytest.fixture(scope="module")
def boston() -> tuple[Dataset, Evaluation]:
    spec = read_spec(Path("train/boston.toml"))
    data = load_dataset(spec)
    return data, evaluate(baselines(build_signature(spec, data).inputs, 1, 404)["least_squares"], data)


def test_metrics_have_the_textbook_values() -> None:
    actual, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])
    assert measure(actual, predicted) == pytest.approx({"rmse": np.sqrt(3), "mae": 1, "r2": 1 - 9 / 2})


def test_intervals_contain_the_metric_and_are_repeatable(boston: tuple[Dataset, Evaluation]) -> None:
    data, evaluation = boston
    first, second = (
        bootstrap_intervals(data.label[data.test_rows], evaluation.test_predictions, samples=200, seed=3)
        for _ in range(2)
    )
    assert all(low < evaluation.metrics[name] < high for name, (low, high) in first.items())
    assert first == second


def test_cross_validation_of_many_rows_takes_a_sample_whose_folds_share_no_row(
    boston: tuple[Dataset, Evaluation],
) -> None:
    data, _ = boston
    assert sample_folds(data, 1) is data
    rows = SAMPLE_ROWS + 50_000
    positions = np.random.default_rng(0).permutation(rows)
    parts = np.array_split(positions, 3)
    folds = tuple((np.setdiff1d(positions, part), part) for part in parts)
    many = replace(data, inputs=np.zeros((rows, 1)), label=np.arange(rows, dtype=np.float64), folds=folds)
    sampled = sample_folds(many, 1)
    held_out = np.concatenate([held for _, held in sampled.folds])
    assert len(held_out) == len(np.unique(held_out)) == SAMPLE_ROWS
    for (training, held), (_, part) in zip(sampled.folds, folds, strict=True):
        assert set(held) <= set(part)
        assert len(training) + len(held) == SAMPLE_ROWS
        assert np.intersect1d(training, part).size == 0
    evaluation = evaluate(lambda _, label: lambda asked: np.full(len(asked), label.mean()), sampled)
    assert np.isfinite(evaluation.cv_predictions).sum() == SAMPLE_ROWS
    assert np.isfinite(evaluation.fold_rmse).all()
