"""The gates of a retraining, on numbers that are known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitor.profiles.reference import Float32s, Floats
from monitor.retraining.gates import Predict, TrainingRows, compare, golden_gate, holdout_gate, shadow_gate, source_gate
from monitor.retraining.golden import Golden
from registry.promotion_gates import GateResult
from tests.conftest import FLATS

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.uniform(-1, 1, (100, 1)).astype(np.float32)
GOLDEN = Golden(1, "0" * 64, ROWS, 2 * ROWS[:, 0].astype(np.float64) + RANDOM.normal(0, 1, 100), FLATS)


def line(slope: float, shift: float = 0.0) -> Predict:
    return lambda rows: slope * rows[:, 0] + np.float32(shift)


@pytest.mark.parametrize(("new", "passed"), [(line(2), True), (line(2, 0.05), True), (line(2, 0.8), False)])
def test_a_version_must_not_be_surely_worse_on_the_golden_rows(new: Predict, passed: bool) -> None:
    gate = golden_gate(GOLDEN, new, line(2))
    assert gate.passed is passed
    assert "on the same 100 golden rows; 95 % interval" in gate.detail


def test_a_few_common_golden_rows_judge_nothing_unless_there_are_no_others() -> None:
    few = replace(GOLDEN, rows=GOLDEN.rows[:29], label=GOLDEN.label[:29])
    gate = golden_gate(few, line(2), line(2), of=100)
    assert (gate.passed, gate.detail) == (
        False, "not judged: both versions take 29 of the 100 golden rows, and 30 are needed"
    )  # fmt: skip
    assert golden_gate(few, line(2), line(2), of=29).passed
    enough = replace(GOLDEN, rows=GOLDEN.rows[:30], label=GOLDEN.label[:30])
    assert golden_gate(enough, line(2), line(2), of=100).passed


def holdout(requests: int, shift: float) -> pd.DataFrame:
    x = RANDOM.uniform(-1, 1, requests).astype(np.float32)
    actual = 2 * x.astype(np.float64) + shift + RANDOM.normal(0, 1, requests)
    return pd.DataFrame({"request_id": [f"r{number}" for number in range(requests)], "x": x, "actual": actual})


def test_a_version_must_be_surely_better_on_later_truths() -> None:
    assert holdout_gate(holdout(200, 1), ["x"], line(2, 1), line(2)).passed
    assert not holdout_gate(holdout(200, 0), ["x"], line(2, 1), line(2)).passed
    same = holdout_gate(holdout(200, 0), ["x"], line(2), line(2))
    assert not same.passed
    assert "on 200 later truths of 200 requests" in same.detail


def test_a_few_later_truths_judge_nothing() -> None:
    gate = holdout_gate(holdout(29, 5), ["x"], line(2, 5), line(2))
    assert (gate.passed, "29 requests" in gate.detail, "30 are needed" in gate.detail) == (False, True, True)
    rows = pd.concat([holdout(20, 5)] * 50)  # many rows of few requests
    assert not holdout_gate(rows, ["x"], line(2, 5), line(2)).passed


def test_a_version_that_predicts_no_numbers_passes_neither() -> None:
    assert not golden_gate(GOLDEN, line(np.nan), line(2)).passed
    assert not holdout_gate(holdout(100, 0), ["x"], line(np.nan), line(2)).passed


def test_rows_of_one_request_do_not_count_as_many() -> None:
    table = holdout(40, 0.3)
    many = pd.concat([table] * 25)
    alone = compare(*(table["actual"].to_numpy(), line(2, 0.3)(x(table)), line(2)(x(table))), table["request_id"])
    repeated = compare(*(many["actual"].to_numpy(), line(2, 0.3)(x(many)), line(2)(x(many))), many["request_id"])
    assert repeated.interval == pytest.approx(alone.interval)


def x(table: pd.DataFrame) -> Float32s:
    return table[["x"]].to_numpy(dtype=np.float32)


def training(lies: float) -> TrainingRows:
    """100 old rows, 20 truths of 20 sources, and 20 of one that lies."""
    rows = RANDOM.uniform(-1, 1, (140, 1))
    label = 2 * rows[:, 0] + RANDOM.normal(0, 0.1, 140)
    label[120:] += lies
    sources = np.array([""] * 100 + [f"source {number}" for number in range(20)] + ["liar"] * 20, dtype=object)
    return TrainingRows(rows, label, label - 2 * rows[:, 0], sources)


def least_squares(rows: Floats, label: Floats) -> Predict:
    slope, shift = np.polyfit(rows[:, 0], label, 1)
    return line(float(slope), float(shift))


@pytest.mark.parametrize(("lies", "passed"), [(0.0, True), (8.0, False)])
def test_one_source_must_not_move_the_golden_error_by_more_than_its_interval(lies: float, passed: bool) -> None:
    data = training(lies)
    gate = source_gate(GOLDEN, least_squares(data.rows, data.label), data, least_squares)
    assert gate.passed is passed
    assert "of 21 sources, the 10 that pull most" in gate.detail
    assert lies == 0 or "without the source 'liar'" in gate.detail


def test_the_source_that_is_outside_counts_even_if_another_inside_is_further_away() -> None:
    data = TrainingRows(ROWS[:2].astype(float), np.ones(2), np.ones(2), np.array(["a", "b"], dtype=object))

    def gate(*errors: float) -> GateResult:
        fits = [lambda _, error=error: (GOLDEN.label - error).astype(np.float32) for error in errors]
        return source_gate(GOLDEN, line(2), data, lambda *_: fits.pop())

    value, low, high = map(float, re.findall(r"RMSE (\S+) on .* interval (\S+) to (\S+);", gate(1, 1).detail)[0])
    assert high - value > value - low
    assert gate(0.999 * high, 1.001 * low).passed
    assert not gate(0.999 * high, 0.999 * low).passed


def test_the_source_that_pulls_most_is_left_out_first() -> None:
    assert training(3).by_pull()[0] == "liar"
    assert sorted(training(3).by_pull()) == sorted({*training(3).sources} - {""})


def test_without_feedback_there_is_no_source_to_leave_out() -> None:
    rows = np.ones((3, 1))
    data = TrainingRows(rows, np.ones(3), np.zeros(3), np.array(["", "", ""], dtype=object))
    assert source_gate(GOLDEN, line(2), data, least_squares).passed


def shadowed(requests: int, worse_by: float) -> pd.DataFrame:
    """The rows that the champion, version 1, answered and that version 2 predicted as shadow, with their truth."""
    actual = RANDOM.normal(20, 5, requests)
    table = pd.DataFrame({"request_id": [f"r{number}" for number in range(requests)], "row": 0, "actual": actual})
    prediction = (actual + RANDOM.normal(0, 1, requests)).astype(np.float32)
    champion = table.assign(version=1, role="champion", prediction=prediction)
    shadow = table.assign(version=2, role="shadow", prediction=prediction + np.float32(worse_by))
    other = table.assign(version=3, role="shadow", prediction=np.float32(0))
    return pd.concat([champion, shadow, other], ignore_index=True)


@pytest.mark.parametrize(("worse_by", "passed"), [(0.0, True), (2.0, False), (np.nan, False)])
def test_a_shadow_must_not_be_surely_worse_on_the_rows_that_it_predicted_too(worse_by: float, passed: bool) -> None:
    gate = shadow_gate(shadowed(100, worse_by), 2)
    assert gate.passed is passed
    assert "the same 100 rows" in gate.detail


def test_without_truth_a_shadow_is_not_judged() -> None:
    assert "29 requests" in shadow_gate(shadowed(29, 2), 2).detail
    assert shadow_gate(shadowed(29, 2), 2).passed
