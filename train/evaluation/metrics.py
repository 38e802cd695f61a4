"""The evaluation: metrics, bootstrap intervals and cross-validation.

A model is only a FitFunction here: it takes rows and labels, and returns a function that predicts. Each prediction that
is measured is for a row whose inputs its fit had not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from train.dataset import Dataset, Floats

# float64 (n, k) rows to float64 (n,) predictions; and (n, k) rows with (n,) labels to such a function.
PredictFunction = Callable[[Floats], Floats]
FitFunction = Callable[[Floats, Floats], PredictFunction]

SAMPLE_ROWS = 100_000  # of more rows, cross-validation and the comparison of exports take a sample of so many


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well one model predicts. RMSE and MAE are in the label's unit.

    Attributes:
        test_predictions: float64 (n_test,), for the test rows.
        cv_predictions: float64 (n,), for all rows that a fold holds out, each by the fit of that fold; else NaN.
            A model that was not fitted here has no folds.
        metrics: rmse, mae and r2 on the test rows.
        fold_rmse: the RMSE of each fold on its held-out rows; empty without folds.
    """

    test_predictions: Floats
    cv_predictions: Floats
    metrics: dict[str, float]
    fold_rmse: tuple[float, ...]

    @property
    def cv_rmse(self) -> float:
        """The mean of the RMSE of all folds; NaN without folds."""
        return float(np.mean(self.fold_rmse)) if self.fold_rmse else math.nan


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
    cv_predictions = np.full_like(label, np.nan)
    for training, held_out in data.folds:
        cv_predictions[held_out] = fit(rows[training], label[training])(rows[held_out])
    errors = label - cv_predictions
    metrics = measure(label[data.test_rows], test_predictions)
    return Evaluation(test_predictions, cv_predictions, metrics, tuple(rmse(errors[rows]) for _, rows in data.folds))


def evaluate_fitted(predictions: Floats, data: Dataset) -> Evaluation:
    """Evaluate a model that was fitted elsewhere on the test rows. Nobody knows whether it has seen them.

    Args:
        predictions: float64 (n,), for all rows.
    """
    test_predictions = predictions[data.test_rows]
    metrics = measure(data.label[data.test_rows], test_predictions)
    return Evaluation(test_predictions, np.full_like(predictions, np.nan), metrics, ())


def sample_folds(data: Dataset, seed: int) -> Dataset:
    """Return the data with folds of a random sample of SAMPLE_ROWS rows, if there are more."""
    if len(data.label) <= SAMPLE_ROWS:
        return data
    drawn = np.zeros(len(data.label), dtype=np.bool_)
    drawn[np.random.default_rng(seed).choice(len(drawn), SAMPLE_ROWS, replace=False)] = True
    return replace(data, folds=tuple((training[drawn[training]], held[drawn[held]]) for training, held in data.folds))


def bootstrap_intervals(actual: Floats, predicted: Floats, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile bootstrap interval of each metric (Efron & Tibshirani 1993, chapter 13).

    Args:
        actual, predicted: float64 (n,), of the test rows.
        samples: how often the rows are drawn with replacement.
    """
    generator = np.random.default_rng(seed)
    draws = (generator.integers(len(actual), size=len(actual)) for _ in range(samples))
    measured = pd.DataFrame([measure(actual[draw], predicted[draw]) for draw in draws])
    low, high = measured.quantile(0.025), measured.quantile(0.975)
    return {name: (float(low[name]), float(high[name])) for name in ("rmse", "mae", "r2")}
