"""The evaluation: metrics, bootstrap intervals, cross-validation, baselines and slices.

A model is only a FitFunction here: it takes rows and labels, and returns a function that predicts. Each prediction that
is measured is for a row whose inputs its fit had not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from registry import Input
from train.dataset import Dataset, Floats, Indices
from train.encoder import fit_encoder
from train.hinge_features import hinge_features
from train.ridge import ridge
from train.spec import Spec

# float64 (n, k) rows to float64 (n,) predictions; and (n, k) rows with (n,) labels to such a function.
PredictFunction = Callable[[Floats], Floats]
FitFunction = Callable[[Floats, Floats], PredictFunction]

BOOSTING_ROWS = 10_000  # with more, gradient boosting takes minutes, and that of histograms seconds
MAX_BOOSTING_LEVELS = 255  # of a category, in histogram gradient boosting

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


def baselines(inputs: Sequence[Input], seed: int, rows: int) -> dict[str, FitFunction]:
    """Return the simple models that every model is compared with, on the same rows and folds.

    Args:
        rows: how many there are. With more than BOOSTING_ROWS, gradient boosting is that of histograms.
    """

    def fit_function(model: Any) -> FitFunction:
        return lambda rows, label: clone(model).fit(rows, label).predict

    encoded = any(item.levels or item.missing for item in inputs)
    if rows > BOOSTING_ROWS:
        boosting = fit_function(_histogram_boosting(inputs, seed))
    elif encoded:
        boosting = _fit_encoded(inputs, GradientBoostingRegressor(random_state=seed))
    else:
        boosting = fit_function(GradientBoostingRegressor(random_state=seed))
    hinges = FunctionTransformer(partial(hinge_features, inputs))
    squares = fit_function(make_pipeline(hinges, StandardScaler(), LinearRegression()))
    return {
        "mean": fit_function(DummyRegressor()),
        "least_squares": partial(_least_squares, inputs) if encoded else squares,
        "gradient_boosting": boosting,
    }


def _least_squares(inputs: Sequence[Input], rows: Floats, label: Floats) -> PredictFunction:
    encoder = fit_encoder(inputs, rows)
    weights, intercept = ridge(encoder.features(rows), label, None)
    return lambda rows: np.asarray(encoder.features(rows) @ weights + intercept, np.float64)


def _fit_encoded(inputs: Sequence[Input], model: Any) -> FitFunction:
    """Return a function that fits a model of scikit-learn to what the networks get: fills, indicators and codes."""

    def fit(rows: Floats, label: Floats) -> PredictFunction:
        encoder = fit_encoder(inputs, rows)
        fitted = clone(model).fit(encoder.features(rows), label)
        return lambda rows: np.asarray(fitted.predict(encoder.features(rows)), np.float64)

    return fit


def _histogram_boosting(inputs: Sequence[Input], seed: int) -> Any:
    """Return histogram gradient boosting, to which a missing value is missing and a text no number."""
    missing = [item.missing.value if item.missing else np.nan for item in inputs]
    texts = [bool(item.levels) and len(item.categories) < MAX_BOOSTING_LEVELS for item in inputs]
    return make_pipeline(
        FunctionTransformer(lambda rows: np.where(rows == np.array(missing), np.nan, rows)),
        HistGradientBoostingRegressor(categorical_features=texts, random_state=seed),
    )


def evaluate_slices(spec: Spec, inputs: Sequence[Input], data: Dataset, evaluation: Evaluation) -> list[Slice]:
    """Return the RMSE on each slice of the inputs and of the spec's slice columns.

    A column of at most MAX_SLICE_VALUES different values has a slice for each value; another column is sliced at the
    quartiles of its training rows. Each row is in one slice of each column.
    """
    errors = pd.DataFrame({"cv": data.label - evaluation.cv_predictions})
    errors.loc[data.test_rows, "test"] = data.label[data.test_rows] - evaluation.test_predictions
    generator = np.random.default_rng(spec.seed)
    slices = []
    for column, (names, numbers) in _sliced(spec, inputs, data).items():
        for number, name in enumerate(names):
            inside = errors[numbers == number]
            test, cv = inside["test"].dropna().to_numpy(), inside["cv"].dropna().to_numpy()
            if len(cv):
                low, high = _rmse_interval(cv, spec.evaluation.bootstrap, generator)
                slices.append(
                    Slice(column, name, len(test), rmse(test) if len(test) else None, len(cv), rmse(cv), low, high)
                )
    return slices


def _sliced(spec: Spec, inputs: Sequence[Input], data: Dataset) -> dict[str, tuple[list[str], Indices]]:
    """Return the slices of each input, by its column or, if inputs share it, its name; and of the spec's columns."""
    shared = Counter(item.column for item in spec.inputs)
    sliced = {}
    for position, (own, item) in enumerate(zip(spec.inputs, inputs, strict=True)):
        values = data.inputs[:, position]
        name = own.column if shared[own.column] == 1 else own.name
        sliced[name] = slice_input(item, values, values[data.train_rows])
    for column in spec.evaluation.slices:
        if column not in sliced:
            sliced[column] = _slice_text_or_number(data.columns[column], data.train_rows)
    return sliced


def _slice_text_or_number(column: pd.Series[Any], train_rows: Indices) -> tuple[list[str], Indices]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = list(column.value_counts().index[:MAX_SLICE_VALUES])
        names, numbers = list(map(str, texts)), pd.Categorical(column, texts).codes.astype(np.int64)
        for name, others in (("missing", column.isna().to_numpy()), ("other", ~column.isin(texts).to_numpy())):
            rest = others & (numbers < 0)
            if rest.any():
                numbers = np.where(rest, len(names), numbers)
                names.append(name)
        return names, numbers
    values = column.to_numpy()
    absent = np.isnan(values)
    known = values[train_rows][~absent[train_rows]]
    names, numbers = slice_column(np.where(absent, known[0] if len(known) else 0.0, values), known)
    return ([*names, "missing"], np.where(absent, len(names), numbers)) if absent.any() else (names, numbers)


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


def slice_input(item: Input, values: Floats, training: Floats) -> tuple[list[str], Indices]:
    """Return the slices of an input like :func:`slice_column`; of texts by their text, and one of what is missing."""
    absent = values == item.missing.value if item.missing else np.zeros(len(values), dtype=np.bool_)
    if item.levels:
        present = np.isin(item.categories, values)
        codes = np.array(item.categories)[present]
        names, numbers = [item.words[code] for code in codes], np.searchsorted(codes, values)
    else:
        known = training[training != item.missing.value] if item.missing else training
        names, numbers = slice_column(np.where(absent, known[0], values), known)
    if absent.any():
        numbers = np.where(absent, len(names), numbers)
        names = [*names, "missing"]
    return names, numbers
