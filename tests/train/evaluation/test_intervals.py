"""Prediction intervals: against a plain recomputation, and that what judges a row has not seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from registry import SHOWN_LEVEL, CategoryTerm, Input, Interval, Missing, NumberTerm
from train.dataset import Dataset, Floats, Indices, load_dataset
from train.evaluation import Evaluation, evaluate
from train.evaluation.baselines import baselines
from train.evaluation.interval_figures import MIN_SLICE_ROWS, intervals_of
from train.evaluation.intervals import LEVELS, make_interval
from train.metadata import build_signature
from train.spec import read_spec

WIDTH = Input("width", "Width", "m", (), (0, 100), (0, 100), 50)
DEPTH = replace(WIDTH, name="depth")
KIND = replace(WIDTH, name="kind", categories=(0, 1, 5), limits=(0, 5))

Judged = tuple[tuple[Input, ...], Dataset, Evaluation]


@dataclass(frozen=True)
class Errors:
    """Rows of two numbers and a category, whose errors grow with the first number and differ by category."""

    rows: Floats
    errors: Floats
    folds: list[Indices]

    def interval(self, inputs: tuple[Input, ...] = (WIDTH, DEPTH, KIND)) -> Interval:
        made = make_interval(inputs, self.rows, self.errors, self.folds)
        assert made
        return made


def heteroscedastic(rows: int = 400, folds: int = 5) -> Errors:
    generator = np.random.default_rng(7)
    kind = generator.choice([0.0, 1.0, 5.0], rows)
    inputs = np.column_stack([generator.uniform(0, 100, rows), generator.uniform(0, 100, rows), kind])
    errors = np.abs(generator.normal(size=rows)) * np.exp(inputs[:, 0] / 40) * np.where(kind == 1, 4, 1)
    return Errors(inputs, errors, np.array_split(generator.permutation(rows), folds))


@pytest.fixture(scope="module")
def boston() -> Judged:
    spec = read_spec(Path("train/boston.toml"))
    data = load_dataset(spec)
    inputs = build_signature(spec, data).inputs
    return inputs, data, evaluate(baselines(inputs, spec.seed, len(data.train_rows))["least_squares"], data)


def features(rows: Floats, of: Floats) -> Floats:
    """The scale's features of some rows of two numbers and a category, standardised as others."""
    scaler = StandardScaler().fit(of[:, :2])
    inside = np.clip(rows[:, :2], of[:, :2].min(axis=0), of[:, :2].max(axis=0))
    standardised = scaler.transform(inside)
    return np.column_stack([standardised, standardised**2, rows[:, 2:] == [0, 1, 5]])


def scale(rows: Floats, of: Floats, errors: Floats) -> Floats:
    """The scale of some rows, fitted on others."""
    ridge = Ridge(alpha=10).fit(features(of, of), np.log(errors + 0.1 * errors.mean()))
    return np.exp(ridge.predict(features(rows, of)))


def test_they_are_those_of_a_plain_recomputation() -> None:
    data = heteroscedastic()
    rows = data.rows.astype(np.float32).astype(np.float64)
    data = replace(data, rows=rows)
    scores = np.empty(len(rows))
    for held_out in data.folds:
        others = np.setdiff1d(np.arange(len(rows)), held_out)
        scores[held_out] = data.errors[held_out] / scale(rows[held_out], rows[others], data.errors[others])
    new = np.array([[0, 50, 0], [50, 50, 1], [100, 0, 5], [30, 100, 1], [-1e6, 1e6, 5]], np.float64)
    interval = data.interval()
    assert list(interval.quantiles) == list(LEVELS)
    for level, rank in ((0.5, 201), (0.8, 321), (0.9, 361), (0.95, 381)):  # of 401
        expected = np.sort(scores)[rank - 1] * scale(new, rows, data.errors)
        np.testing.assert_allclose(interval.half_width(new.astype(np.float32), level), expected, rtol=1e-4)


def test_a_scale_that_helps_is_kept_and_grows_where_the_errors_do() -> None:
    interval = heteroscedastic().interval()
    width, depth, kind = interval.terms
    assert isinstance(width, NumberTerm)
    assert isinstance(depth, NumberTerm)
    assert isinstance(kind, CategoryTerm)
    assert width.slope > 0.7
    assert abs(depth.slope) < 0.2
    assert kind.weights[1] - max(kind.weights[0], kind.weights[2]) > 0.7


def test_the_quantiles_are_half_the_width_of_an_average_row() -> None:
    data = heteroscedastic()
    interval = data.interval()
    widths = interval.half_width(data.rows.astype(np.float32), SHOWN_LEVEL)
    assert float(np.mean(widths)) == pytest.approx(interval.quantiles[SHOWN_LEVEL], rel=0.02)


def test_if_a_scale_made_them_over_5_percent_wider_every_row_has_the_same() -> None:
    inputs = tuple(replace(WIDTH, name=f"x{number}") for number in range(9))
    same = 0
    for seed in range(12):  # nothing to find in any, but chance shows something in some
        generator = np.random.default_rng(seed)
        rows, errors = generator.uniform(size=(60, 9)), np.abs(generator.normal(size=60))
        interval = make_interval(inputs, rows, errors, np.array_split(np.arange(60), 5))
        assert interval
        plain = np.sort(errors)[54]  # 0.9 · 61 = 54.9: the 55th
        if {term.largest for term in interval.terms} == {0}:
            same += 1
            assert interval.intercept == 0
            assert plain <= interval.quantiles[0.9] <= plain * 1.00002
        else:
            assert interval.quantiles[0.9] < 1.0501 * plain
    assert 0 < same < 12


@given(st.lists(st.floats(1e-3, 1e3), min_size=30, max_size=90))
def test_at_least_the_level_of_the_errors_is_inside(values: list[float]) -> None:
    errors, rows = np.array(values), np.zeros((len(values), 1))
    rows[0] = 1
    interval = make_interval((WIDTH,), rows, errors, [np.arange(len(errors))])
    assert interval
    for level, quantile in interval.quantiles.items():
        assert np.sum(errors <= quantile) >= level * (len(errors) + 1) - 1e-9


@pytest.mark.parametrize("factor", [1e-25, 1e-3, 1e7, 1e25])
def test_the_unit_of_the_label_makes_no_difference(factor: float) -> None:
    data = heteroscedastic()
    scaled = replace(data, errors=data.errors * factor).interval()
    expected = data.interval().half_width(data.rows.astype(np.float32), SHOWN_LEVEL) * factor
    np.testing.assert_allclose(scaled.half_width(data.rows.astype(np.float32), SHOWN_LEVEL), expected, rtol=1e-4)


def test_too_few_rows_offer_fewer_levels_and_errors_of_zero_none() -> None:
    rows = np.linspace(0, 1, 18)[:, np.newaxis]
    few = make_interval((WIDTH,), rows, np.linspace(1, 2, 18), [np.arange(9), np.arange(9, 18)])
    assert few
    assert list(few.quantiles) == [0.5, 0.8, 0.9]  # 0.95 takes 19
    assert make_interval((WIDTH,), rows, np.zeros(18), [np.arange(18)]) is None
    assert make_interval((WIDTH,), rows, np.full(18, 1e300), [np.arange(18)]) is None


def test_a_number_that_is_the_same_in_all_other_folds_is_no_division_by_zero() -> None:
    data = heteroscedastic()
    rows = data.rows.copy()
    rows[:, 1] = 3
    rows[data.folds[2], 1] = np.arange(len(data.folds[2]))
    interval = replace(data, rows=rows).interval()
    assert np.isfinite(interval.half_width(rows.astype(np.float32), SHOWN_LEVEL)).all()


def test_the_figures_count_the_rows_inside(boston: Judged) -> None:
    interval, figures = intervals_of(*boston)
    assert interval
    assert figures
    assert interval.rows == figures.rows == 506
    assert list(figures.levels) == ["0.5", "0.8", "0.9", "0.95"]
    for level, found in figures.levels.items():
        assert found.coverage == pytest.approx(float(level), abs=0.03)
    widths = [found.width for found in figures.levels.values()]
    assert widths == sorted(widths)
    assert figures.width_vs_plain == pytest.approx(0.87, abs=0.04)
    assert figures.worst_third.rows in (168, 169)
    assert figures.worst_slice
    assert figures.worst_slice.rows >= MIN_SLICE_ROWS
    assert figures.worst_slice.coverage <= figures.levels["0.9"].coverage


def test_what_judges_a_fold_has_not_seen_its_errors(boston: Judged) -> None:
    inputs, data, evaluation = boston
    predictions = evaluation.cv_predictions.copy()
    wrong = data.folds[0][1]
    predictions[wrong] = data.label[wrong] - 1e4
    _, figures = intervals_of(inputs, data, replace(evaluation, cv_predictions=predictions))
    assert figures
    assert figures.levels["0.9"].coverage <= 1 - len(wrong) / len(data.label)
    assert figures.worst_third.name == "lowest predictions"
    assert figures.worst_third.coverage < 0.5


def test_intervals_of_one_width_are_as_wide_as_plain_ones(
    boston: Judged,
) -> None:
    inputs, data, evaluation = boston
    same = np.where(np.arange(len(data.label)) % 2, 1.0, -1.0)
    _, figures = intervals_of(inputs, data, replace(evaluation, cv_predictions=data.label + same))
    assert figures
    assert figures.width_vs_plain == pytest.approx(1, rel=1e-12)
    assert figures.levels["0.9"].coverage == 1
    assert intervals_of(inputs, data, replace(evaluation, cv_predictions=data.label)) == (None, None)


def test_missing_values_leave_the_range_of_a_number_as_it_is_and_all_rows_inside_as_often() -> None:
    data = heteroscedastic(2000)
    rows, absent = data.rows.copy(), np.random.default_rng(3).random(2000) < 0.2
    rows[absent, 0], rows[absent, 2] = -100, 6
    inputs = replace(WIDTH, missing=Missing(-100, 50)), DEPTH, replace(KIND, missing=Missing(6, 0))
    interval = replace(data, rows=rows).interval(inputs)
    width, _, kind = interval.terms
    assert isinstance(width, NumberTerm)
    assert isinstance(kind, CategoryTerm)
    assert (width.low, width.high) == (rows[~absent, 0].min(), rows[~absent, 0].max())
    assert kind.codes == (0, 1, 5)
    inside = data.errors <= interval.half_width(rows.astype(np.float32), SHOWN_LEVEL)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_the_rows_of_no_fold_are_left_out(boston: Judged) -> None:
    inputs, data, evaluation = boston
    predictions = evaluation.cv_predictions.copy()
    unjudged = data.folds[0][1]
    predictions[unjudged] = np.nan
    left = replace(data, folds=data.folds[1:])
    interval, figures = intervals_of(inputs, left, replace(evaluation, cv_predictions=predictions))
    assert interval
    assert figures
    assert interval.rows == figures.rows == len(data.label) - len(unjudged)
