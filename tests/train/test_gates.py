"""The gates of a training: which metric each one measures, and what fails."""

from __future__ import annotations

import numpy as np
import pytest

from train.errors import TrainError
from train.evaluation import Evaluation, Slice
from train.gates import MIN_SLICE_ROWS, MetricGate, measure_gates, require_passed
from train.spec import GateLimits


def evaluation(test_rmse: float, cv_rmse: float) -> Evaluation:
    return Evaluation(np.array([]), np.array([]), {"rmse": test_rmse}, (cv_rmse,))


MODEL = evaluation(2.0, 3.0)
BASELINES = {
    "mean": evaluation(8.0, 9.0),
    "least_squares": evaluation(4.0, 5.0),
    "gradient_boosting": evaluation(1.0, 6.0),
}


def slice_of(cv_rows: int, cv_rmse: float) -> Slice:
    return Slice(column="a", slice="0", test_rows=0, test_rmse=None, cv_rows=cv_rows, cv_rmse=cv_rmse, low=0, high=9)


def test_each_gate_measures_the_metric_of_its_name() -> None:
    slices = [slice_of(100, 3.3), slice_of(100, 4.5)]
    gates = measure_gates(GateLimits(1e-5, 0.9, 1.001, 1.2, 1.5), MODEL, BASELINES, slices, parity=1e-6)
    assert {gate.name: gate.value for gate in gates} == {
        "parity": 1e-6,
        "test_vs_mean": 2 / 8,
        "test_vs_least_squares": 2 / 4,
        "cv_vs_gradient_boosting": 3 / 6,
        "worst_slice": 4.5 / 3,
    }
    assert [gate.limit for gate in gates] == [1e-5, 0.9, 1.001, 1.2, 1.5]


def test_without_a_limit_there_is_no_gate() -> None:
    gates = measure_gates(GateLimits(1e-5, 0.9, None, None, None), MODEL, BASELINES, [], parity=0)
    assert [gate.name for gate in gates] == ["parity", "test_vs_mean"]


@pytest.mark.parametrize(("cv_rows", "value"), [(MIN_SLICE_ROWS - 1, 1), (MIN_SLICE_ROWS, 1000)])
def test_slices_of_few_rows_are_ignored(cv_rows: int, value: float) -> None:
    limits = GateLimits(1, 1, None, None, 2.0)
    assert measure_gates(limits, MODEL, BASELINES, [slice_of(cv_rows, 3000)], 0)[-1].value == value


def test_a_baseline_without_error_is_no_division_by_zero() -> None:
    baselines = {**BASELINES, "mean": evaluation(0.0, 0.0)}
    assert not measure_gates(GateLimits(1, 1, None, None, None), MODEL, baselines, [], 0)[-1].passed


def test_values_up_to_the_limit_pass() -> None:
    require_passed([MetricGate("parity", 1, 1.0), MetricGate("test_vs_mean", 1, 0.5)])


@pytest.mark.parametrize("value", [1.1, float("nan")])
def test_a_failed_gate_is_named_with_its_value_and_limit(value: float) -> None:
    with pytest.raises(TrainError, match=f"a gate failed: parity is {value:g}, expected at most 1$"):
        require_passed([MetricGate("test_vs_mean", 1, 0.5), MetricGate("parity", 1, value)])
