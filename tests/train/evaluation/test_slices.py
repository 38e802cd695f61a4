"""The slices: which rows are in which, and the intervals of their errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from registry import Missing
from tests.train.mixed import number, texts
from train.dataset import Dataset, load_dataset
from train.evaluation import Evaluation, evaluate
from train.evaluation.baselines import baselines
from train.evaluation.slices import (
    MAX_BOOTSTRAP_ROWS,
    MAX_SLICE_VALUES,
    _rmse_interval,
    _slice_text_or_number,
    evaluate_slices,
    slice_input,
)
from train.metadata import build_signature
from train.spec import Spec, read_spec


@pytest.fixture(scope="module")
def boston() -> tuple[Spec, Dataset]:
    spec = read_spec(Path("train/boston.toml"))
    return spec, load_dataset(spec)


@pytest.fixture(scope="module")
def evaluations(boston: tuple[Spec, Dataset]) -> dict[str, Evaluation]:
    spec, data = boston
    fit = baselines(build_signature(spec, data).inputs, spec.seed, len(data.train_rows))["least_squares"]
    return {"least_squares": evaluate(fit, data)}


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


def test_texts_are_sliced_by_their_text_and_what_is_missing_is_a_slice() -> None:
    item = texts("x", 4, Missing(4, 0))
    names, numbers = slice_input(item, np.array([1.0, 3, 4, 1]), np.array([1.0, 3, 4, 1]))
    assert names == ["level 1", "level 3", "missing"]
    assert numbers.tolist() == [0, 1, 2, 0]


def test_a_level_that_is_called_missing_is_no_missing_value() -> None:
    item = replace(texts("x", 3, Missing(3, 0)), levels=("missing", "(missing)", "other"))
    names, numbers = slice_input(item, np.array([0.0, 1, 3, 2]), np.array([0.0, 1, 2, 3]))
    assert [names[place] for place in numbers] == ["missing", "(missing)", "((missing))", "other"]


def test_a_column_beside_the_inputs_may_have_texts_like_the_names_of_its_other_slices() -> None:
    cells = [*(text for place in range(MAX_SLICE_VALUES - 2) for text in [str(place)] * 3), *["missing", "other"] * 3]
    column = pd.Series(pd.Categorical([*cells, "rare", None]))
    names, numbers = _slice_text_or_number(column, np.arange(len(column)))
    assert len(set(names)) == len(names) == MAX_SLICE_VALUES + 2
    assert [names[place] for place in numbers] == [*cells, "(other)", "(missing)"]


def test_a_missing_number_is_in_no_quartile_and_moves_none() -> None:
    item = number("x", 0, 100, Missing(-100, 50))
    values = np.array([*range(1, 101), *([-100] * 60)], np.float64)
    names, numbers = slice_input(item, values, values)
    assert names == ["≤ 25.75", "25.75 – 50.5", "50.5 – 75.25", "> 75.25", "missing"]
    assert np.bincount(numbers).tolist() == [25, 25, 25, 25, 60]


def test_of_many_rows_the_interval_is_that_of_the_bootstrap_in_less_time() -> None:
    errors = np.random.default_rng(0).normal(0, 3, MAX_BOOTSTRAP_ROWS)
    drawn = _rmse_interval(errors, 2000, np.random.default_rng(1))
    assert _rmse_interval(np.append(errors, 0), 0, np.random.default_rng(1)) == pytest.approx(drawn, rel=2e-3)
