"""The evaluation: metrics, bootstrap intervals, cross-validation, baselines and slices.

A model is only a FitFunction here: it takes rows and labels, and returns a function that predicts. Each prediction that
is measured is for a row whose inputs its fit had not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from train.dataset import Dataset, Floats, Indices
from train.hinge_features import hinge_features
from train.spec import InputSpec, Spec

# float64 (n, k) rows to float64 (n,) predictions; and (n, k) rows with (n,) labels to such a function.
PredictFunction = Callable[[Floats], Floats]
FitFunction = Callable[[Floats, Floats], PredictFunction]

MAX_SLICE_VALUES = 10  # a column of more different values is sliced by quartiles


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well one model predicts. RMSE and MAE are in the label's unit.

    Attributes:
        test_predictions: float64 (n_test,), for the test rows.
        cv_predictions: float64 (n,), for all rows; each by the fit of the fold that held the row out.
        metrics: rmse, mae and r2 on the test rows.
        fold_rmse: the RMSE of each fold on its held-out rows.
    """

    test_predictions: Floats
    cv_predictions: Floats
    metrics: dict[str, float]
    fold_rmse: tuple[float, ...]

    @property
    def cv_rmse(self) -> float:
        """The mean of the RMSE of all folds."""
        return float(np.mean(self.fold_rmse))


@dataclass(frozen=True, slots=True)
class Slice:
    """The RMSE on one slice: on its test rows (None if it has none), and in cross-validation on all its rows.

    Attributes:
        low, high: the 95 % percentile bootstrap interval of ``cv_rmse``.
    """

    column: str
    slice: str
    test_rows: int
    test_rmse: float | None
    cv_rows: int
    cv_rmse: float
    low: float
    high: float


def rmse(errors: Floats) -> float:
    """Return the root of the mean of the squared (n,) errors."""
    return float(np.sqrt(np.mean(errors**2)))


def measure(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Return rmse, mae and r2 of two (n,) arrays. r2 is NaN if all actual values are the same."""
    errors = actual - predicted
    r2 = 1.0 - np.mean(errors**2) / (np.var(actual) or np.nan)
    return {"rmse": rmse(errors), "mae": float(np.mean(np.abs(errors))), "r2": float(r2)}


def evaluate(fit: FitFunction, data: Dataset, fitted: PredictFunction | None = None) -> Evaluation:
    """Evaluate a model on the test rows and by cross-validation, which fits it once a fold.

    Args:
        fitted: what ``fit`` returns for the training rows, if that fit was done already.
    """
    rows, label = data.inputs, data.label
    predict = fitted or fit(rows[data.train_rows], label[data.train_rows])
    test_predictions = predict(rows[data.test_rows])
    cv_predictions = np.empty_like(label)
    for training, held_out in data.folds:
        cv_predictions[held_out] = fit(rows[training], label[training])(rows[held_out])
    errors = label - cv_predictions
    metrics = measure(label[data.test_rows], test_predictions)
    return Evaluation(test_predictions, cv_predictions, metrics, tuple(rmse(errors[rows]) for _, rows in data.folds))


def bootstrap_intervals(actual: Floats, predicted: Floats, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile bootstrap interval of each metric (Efron & Tibshirani 1993, chapter 13).

    Args:
        actual, predicted: float64 (n,), of the test rows.
        samples: how often the rows are drawn with replacement.
    """
    draws = np.random.default_rng(seed).integers(len(actual), size=(samples, len(actual)))
    measured = pd.DataFrame([measure(actual[draw], predicted[draw]) for draw in draws])
    low, high = measured.quantile(0.025), measured.quantile(0.975)
    return {name: (float(low[name]), float(high[name])) for name in ("rmse", "mae", "r2")}


def baselines(inputs: tuple[InputSpec, ...], seed: int) -> dict[str, FitFunction]:
    """Return the simple models that every model is compared with, on the same rows and folds."""

    def fit_function(model: Any) -> FitFunction:
        return lambda rows, label: clone(model).fit(rows, label).predict

    hinges = FunctionTransformer(partial(hinge_features, inputs))
    return {
        "mean": fit_function(DummyRegressor()),
        "least_squares": fit_function(make_pipeline(hinges, StandardScaler(), LinearRegression())),
        "gradient_boosting": fit_function(GradientBoostingRegressor(random_state=seed)),
    }


def evaluate_slices(spec: Spec, data: Dataset, evaluation: Evaluation) -> list[Slice]:
    """Return the RMSE on each slice of the inputs and of the spec's slice columns.

    A column of at most MAX_SLICE_VALUES different values has a slice for each value; another column is sliced at the
    quartiles of its training rows. Each row is in one slice of each column.
    """
    errors = pd.DataFrame({"cv": data.label - evaluation.cv_predictions})
    errors.loc[data.test_rows, "test"] = data.label[data.test_rows] - evaluation.test_predictions
    generator = np.random.default_rng(spec.seed)
    slices = []
    for column in dict.fromkeys([*(item.column for item in spec.inputs), *spec.evaluation.slices]):
        values = data.columns[column].to_numpy()
        names, numbers = slice_column(values, values[data.train_rows])
        for number, name in enumerate(names):
            inside = errors[numbers == number]
            test = inside["test"].dropna()
            test_rmse = rmse(test.to_numpy()) if len(test) else None
            if len(inside):
                cv = inside["cv"].to_numpy()
                low, high = _rmse_interval(cv, spec.evaluation.bootstrap, generator)
                slices.append(Slice(column, name, len(test), test_rmse, len(cv), rmse(cv), low, high))
    return slices


def _rmse_interval(errors: Floats, samples: int, generator: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the RMSE of (n,) errors."""
    drawn = [rmse(errors[generator.integers(len(errors), size=len(errors))]) for _ in range(samples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def slice_column(values: Floats, training: Floats) -> tuple[list[str], Indices]:
    """Return the name of each slice, and the number of the slice that each of the values is in."""
    distinct, numbers = np.unique(values, return_inverse=True)
    if len(distinct) <= MAX_SLICE_VALUES:
        return [f"{value:g}" for value in distinct], numbers
    edges = np.unique(np.quantile(training, [0.25, 0.5, 0.75]))
    names = [f"≤ {edges[0]:g}", *(f"{a:g} – {b:g}" for a, b in pairwise(edges)), f"> {edges[-1]:g}"]
    return names, np.searchsorted(edges, values, side="left")  # a value on an edge belongs below it
