"""The evaluation: metrics, bootstrap intervals, cross-validation, baselines and slices.

A model is only a FitFunction here: it takes rows and labels, and returns a function that predicts. Each prediction that
is measured is for a row that its fit had not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor

from train.dataset import Dataset, Floats
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
    """The RMSE on one slice: on its test rows (None if it has none), and in cross-validation on all its rows."""

    column: str
    slice: str
    test_rows: int
    test_rmse: float | None
    cv_rows: int
    cv_rmse: float


def rmse(actual: Floats, predicted: Floats) -> float:
    """Return the root mean squared error of two (n,) arrays."""
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def mae(actual: Floats, predicted: Floats) -> float:
    """Return the mean absolute error of two (n,) arrays."""
    return float(np.mean(np.abs(actual - predicted)))


def r2(actual: Floats, predicted: Floats) -> float:
    """Return the coefficient of determination of two (n,) arrays; NaN if all actual values are the same."""
    variance = float(np.mean((actual - np.mean(actual)) ** 2))
    return 1.0 - rmse(actual, predicted) ** 2 / variance if variance > 0 else float("nan")


METRICS: dict[str, Callable[[Floats, Floats], float]] = {"rmse": rmse, "mae": mae, "r2": r2}


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
    return Evaluation(
        test_predictions=test_predictions,
        cv_predictions=cv_predictions,
        metrics={name: metric(label[data.test_rows], test_predictions) for name, metric in METRICS.items()},
        fold_rmse=tuple(rmse(label[held_out], cv_predictions[held_out]) for _, held_out in data.folds),
    )


def bootstrap_intervals(actual: Floats, predicted: Floats, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile bootstrap interval of each metric (Efron & Tibshirani 1993, chapter 13).

    Args:
        actual, predicted: float64 (n,), of the test rows.
        samples: how often the rows are drawn with replacement.
    """
    draws = np.random.default_rng(seed).integers(len(actual), size=(samples, len(actual)))
    intervals = {}
    for name, metric in METRICS.items():
        low, high = np.nanpercentile([metric(actual[draw], predicted[draw]) for draw in draws], [2.5, 97.5])
        intervals[name] = float(low), float(high)
    return intervals


def baselines(inputs: tuple[InputSpec, ...], seed: int) -> dict[str, FitFunction]:
    """Return the simple models that every model is compared with, on the same rows and folds."""

    def mean(_: Floats, label: Floats) -> PredictFunction:
        value = float(np.mean(label))
        return lambda rows: np.full(len(rows), value)

    def least_squares(rows: Floats, label: Floats) -> PredictFunction:
        features = hinge_features(inputs, rows)
        center = features.mean(axis=0)
        spread = np.where(features.std(axis=0) > 0, features.std(axis=0), 1.0)

        def design_matrix(rows: Floats) -> Floats:
            return np.column_stack([(hinge_features(inputs, rows) - center) / spread, np.ones(len(rows))])

        weights = np.linalg.lstsq(design_matrix(rows), label, rcond=None)[0]
        return lambda rows: np.asarray(design_matrix(rows) @ weights)

    def gradient_boosting(rows: Floats, label: Floats) -> PredictFunction:
        model = GradientBoostingRegressor(random_state=seed).fit(rows, label)
        return lambda rows: np.asarray(model.predict(rows))

    return {"mean": mean, "least_squares": least_squares, "gradient_boosting": gradient_boosting}


def evaluate_slices(spec: Spec, data: Dataset, evaluation: Evaluation) -> list[Slice]:
    """Return the RMSE on each slice of the inputs and of the spec's slice columns.

    A column of at most MAX_SLICE_VALUES different values has a slice for each value; another column is sliced at the
    quartiles of its training rows. Each row is in one slice of each column.
    """
    columns = dict.fromkeys([*(item.column for item in spec.inputs), *spec.evaluation.slices])
    test_label = data.label[data.test_rows]
    slices = []
    for column in columns:
        values = data.columns[column].to_numpy()
        for name, inside in _slice_masks(values, values[data.train_rows]):
            test = inside[data.test_rows]
            if inside.any():
                slices.append(
                    Slice(
                        column=column,
                        slice=name,
                        test_rows=int(test.sum()),
                        test_rmse=rmse(test_label[test], evaluation.test_predictions[test]) if test.any() else None,
                        cv_rows=int(inside.sum()),
                        cv_rmse=rmse(data.label[inside], evaluation.cv_predictions[inside]),
                    )
                )
    return slices


def _slice_masks(values: Floats, training: Floats) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the name of each slice, and which of the values are inside."""
    distinct = np.unique(values)
    if len(distinct) <= MAX_SLICE_VALUES:
        for value in distinct:
            yield f"{value:g}", values == value
        return
    edges = np.unique(np.quantile(training, [0.25, 0.5, 0.75]))
    numbers = np.searchsorted(edges, values, side="left")  # a value on an edge belongs below it
    names = [f"≤ {edges[0]:g}", *(f"{a:g} – {b:g}" for a, b in pairwise(edges)), f"> {edges[-1]:g}"]
    for number, name in enumerate(names):
        yield name, numbers == number
