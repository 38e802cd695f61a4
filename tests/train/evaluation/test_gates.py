"""The gates of a training: which metric each one measures, and what fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from train.errors import TrainError
from train.evaluation import Evaluation
from train.evaluation.gates import MIN_SLICE_ROWS, MetricGate, measure_gates, require_passed
from train.evaluation.interval_figures import IntervalFigures, Level, Part
from train.evaluation.slices import Slice
from train.spec import GateLimits


def evaluation(test_rmse: float, cv_rmse: float) -> Evaluation:
    return Evaluation(np.array([]), np.array([]), {"rmse": test_rmse}, (cv_rmse,))


MODEL = evaluation(2.0, 3.0)
BASELINES = {
    "mean": evaluation(8.0, 9.0),
    "least_squares": evaluation(4.0, 5.0),
    "gradient_boosting": evaluation(1.0, 6.0),
}


INTERVALS = IntervalFigures(500, {"0.9": Level(0.875, 4.0)}, 0.75, Part("low", 170, 0.8125), Part("a", 60, 0.625))


def slice_of(cv_rows: int, cv_rmse: float) -> Slice:
    return Slice(column="a", slice="0", test_rows=0, test_rmse=None, cv_rows=cv_rows, cv_rmse=cv_rmse, low=0, high=9)


def test_each_gate_measures_the_metric_of_its_name() -> None:
    slices = [slice_of(100, 3.3), slice_of(100, 4.5)]
    gates = measure_gates(GateLimits(1e-5, 0.9, 1.001, 1.2, 1.5), MODEL, BASELINES, slices, parity=1e-6, intervals=None)
    assert {gate.name: gate.value for gate in gates} == {
        "parity": 1e-6,
        "test_vs_mean": 2 / 8,
        "test_vs_least_squares": 2 / 4,
        "cv_vs_gradient_boosting": 3 / 6,
        "worst_slice": 4.5 / 3,
    }
    assert [gate.limit for gate in gates] == [1e-5, 0.9, 1.001, 1.2, 1.5]


def test_without_a_limit_there_is_no_gate() -> None:
    gates = measure_gates(GateLimits(1e-5, 0.9, None, None, None), MODEL, BASELINES, [], parity=0, intervals=None)
    assert [gate.name for gate in gates] == ["parity", "test_vs_mean"]


@pytest.mark.parametrize(("cv_rows", "value"), [(MIN_SLICE_ROWS - 1, 1), (MIN_SLICE_ROWS, 1000)])
def test_slices_of_few_rows_are_ignored(cv_rows: int, value: float) -> None:
    limits = GateLimits(1, 1, None, None, 2.0)
    assert measure_gates(limits, MODEL, BASELINES, [slice_of(cv_rows, 3000)], 0, None)[-1].value == value


def test_a_baseline_without_error_is_no_division_by_zero() -> None:
    baselines = {**BASELINES, "mean": evaluation(0.0, 0.0)}
    assert not measure_gates(GateLimits(1, 1, None, None, None), MODEL, baselines, [], 0, None)[-1].passed


@pytest.mark.parametrize(
    ("intervals", "values"),
    [
        (INTERVALS, [0.1875, 0.375, 0.75]),
        (replace(INTERVALS, worst_slice=None), [0.1875, 0.125, 0.75]),
    ],
)
def test_the_gates_of_intervals_measure_shares_outside_and_the_width(
    intervals: IntervalFigures, values: list[float]
) -> None:
    limits = GateLimits(1, 1, None, None, None, 0.16, 0.2, 1.0)
    gates = measure_gates(limits, MODEL, BASELINES, [], 0, intervals)
    assert [gate.name for gate in gates[2:]] == ["interval_worst_third", "interval_worst_slice", "interval_width"]
    assert [gate.value for gate in gates[2:]] == values
    assert [gate.passed for gate in gates[2:]] == [False, values[1] <= 0.2, True]


def test_a_model_without_intervals_fails_their_gates() -> None:
    limits = GateLimits(1, 1, None, None, None, 0.16, 0.2, 1.0)
    assert not any(gate.passed for gate in measure_gates(limits, MODEL, BASELINES, [], 0, None)[2:])


@pytest.mark.parametrize("name", ["interval_worst_third", "interval_worst_slice", "interval_width"])
def test_a_failed_gate_of_intervals_says_what_that_means_and_what_to_do(name: str) -> None:
    with pytest.raises(TrainError, match=f"{name} is 2, expected at most 1 \\(.*; .*larger limit.*\\)$"):
        require_passed([MetricGate(name, 1, 2.0)])


def test_values_up_to_the_limit_pass() -> None:
    require_passed([MetricGate("parity", 1, 1.0), MetricGate("test_vs_mean", 1, 0.5)])


@pytest.mark.parametrize("value", [1.1, float("nan")])
def test_a_failed_gate_is_named_with_its_value_and_limit(value: float) -> None:
    with pytest.raises(TrainError, match=f"a gate failed: parity is {value:g}, expected at most 1$"):
        require_passed([MetricGate("test_vs_mean", 1, 0.5), MetricGate("parity", 1, value)])
