"""The baselines: the simple models that every model is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from registry import Input
from train.dataset import Floats
from train.evaluation.metrics import FitFunction, PredictFunction
from train.networks.encoder import EncodedRows, fit_encoder
from train.networks.hinge_features import hinge_features
from train.networks.ridge import ridge

BOOSTING_ROWS = 10_000  # with more, gradient boosting takes minutes, and that of histograms seconds

_MAX_LEVELS = 255  # of a category, in histogram gradient boosting


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
    weights, intercept = ridge(EncodedRows(encoder, rows), label, None)
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
    texts = [bool(item.levels) and len(item.categories) < _MAX_LEVELS for item in inputs]
    return make_pipeline(
        FunctionTransformer(lambda rows: np.where(rows == np.array(missing), np.nan, rows)),
        HistGradientBoostingRegressor(categorical_features=texts, random_state=seed),
    )
