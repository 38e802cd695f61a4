"""The judges and the gates: figures against known ones, and what they let pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.data import Data, load
from train.errors import TrainError
from train.gates import Gate, gates, refuse_failed
from train.judge import Verdict, baselines, intervals, judge, mae, r2, rmse, slices
from train.spec import Gates, Spec, read_spec


@pytest.fixture(scope="module")
def boston() -> tuple[Spec, Data]:
    spec = read_spec(Path("train/boston.toml"))
    return spec, load(spec)


@pytest.fixture(scope="module")
def rivals(boston: tuple[Spec, Data]) -> dict[str, Verdict]:
    spec, data = boston
    return {name: judge(learner, data) for name, learner in baselines(spec.inputs, spec.seed).items()}


def test_metrics_are_those_of_the_textbook() -> None:
    actual, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])
    assert rmse(actual, predicted) == pytest.approx(np.sqrt(3))
    assert mae(actual, predicted) == pytest.approx(1)
    assert r2(actual, predicted) == pytest.approx(1 - 9 / 2)


def test_least_squares_and_boosting_have_their_known_errors(rivals: dict[str, Verdict]) -> None:
    assert rivals["least_squares"].metrics["rmse"] == pytest.approx(6.152, abs=5e-4)
    assert rivals["least_squares"].cv_rmse == pytest.approx(6.052, abs=5e-4)
    assert rivals["gradient_boosting"].cv_rmse == pytest.approx(5.328, abs=5e-4)


def test_intervals_hold_the_value_and_repeat(boston: tuple[Spec, Data], rivals: dict[str, Verdict]) -> None:
    actual, verdict = boston[1].label[boston[1].test], rivals["least_squares"]
    found = intervals(actual, verdict.test, samples=200, seed=3)
    assert all(low < verdict.metrics[name] < high for name, (low, high) in found.items())
    assert found == intervals(actual, verdict.test, samples=200, seed=3)


def test_slices_of_a_column_hold_every_row_once(boston: tuple[Spec, Data], rivals: dict[str, Verdict]) -> None:
    spec, data = boston
    found = slices(spec, data, rivals["least_squares"])
    for column in ("rm", "tax", "age", "chas", "lstat"):
        parts = [item for item in found if item.column == column]
        assert sum(item.cv_rows for item in parts) == len(data.label)
        assert sum(item.test_rows for item in parts) == len(data.test)
        assert len(parts) == (2 if column == "chas" else 4)


def test_a_gate_looks_at_the_figure_it_is_named_after(rivals: dict[str, Verdict]) -> None:
    model = rivals["least_squares"]
    found = gates(Gates(1e-5, 0.9, 1.001, 1.2, 1.5), model, rivals, [], parity=1e-6)
    value = {gate.name: gate.value for gate in found}
    assert value["parity"] == 1e-6
    assert value["test_vs_mean"] == pytest.approx(6.152 / 8.663, abs=1e-3)
    assert value["test_vs_least_squares"] == 1
    assert value["cv_vs_gradient_boosting"] == pytest.approx(6.052 / 5.328, abs=1e-3)
    assert value["worst_slice"] == 1


def test_a_gate_that_the_spec_leaves_out_is_not_there(rivals: dict[str, Verdict]) -> None:
    found = gates(Gates(1e-5, 0.9, None, None, None), rivals["mean"], rivals, [], parity=0)
    assert [gate.name for gate in found] == ["parity", "test_vs_mean"]


def test_slices_of_a_few_rows_do_not_hold_a_model_back(boston: tuple[Spec, Data], rivals: dict[str, Verdict]) -> None:
    spec, data = boston
    model = rivals["least_squares"]
    worst = replace(slices(spec, data, model)[0], cv_rmse=1000.0)
    asked = Gates(1, 1, None, None, 2.0)
    assert gates(asked, model, rivals, [replace(worst, cv_rows=19)], 0)[-1].passed
    assert not gates(asked, model, rivals, [replace(worst, cv_rows=20)], 0)[-1].passed


@pytest.mark.parametrize("value", [1.1, float("nan")])
def test_a_failed_gate_is_named_with_its_value_and_limit(value: float) -> None:
    with pytest.raises(TrainError, match=f"parity is {value:g} and may be 1 at most"):
        refuse_failed([Gate("test_vs_mean", 1, 0.5), Gate("parity", 1, value)])
