"""The judges: metrics, their intervals, cross-validation, baselines and slices. All on rows the model has not seen.

Knows a model only as a learner: a function that is given rows and labels, and returns a function that predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor

from train.data import Data, Floats
from train.features import expand
from train.spec import InputSpec, Spec

Predict = Callable[[Floats], Floats]
Learner = Callable[[Floats, Floats], Predict]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one learner did. RMSE and MAE are in the label's unit.

    Attributes:
        test: its predictions (n_test,) for the test rows.
        held_out: its predictions (n,) for all rows, each by a fit that had not seen the row.
        metrics: rmse, mae and r2 on the test rows.
        fold_rmse: the RMSE of each fold on its held-out rows.
    """

    test: Floats
    held_out: Floats
    metrics: dict[str, float]
    fold_rmse: tuple[float, ...]

    @property
    def cv_rmse(self) -> float:
        """The mean of the folds' RMSE."""
        return float(np.mean(self.fold_rmse))


@dataclass(frozen=True, slots=True)
class Slice:
    """The RMSE among the rows of one slice: of the published model on test rows, and cross-validated on all rows."""

    column: str
    slice: str
    test_rows: int
    test_rmse: float | None
    cv_rows: int
    cv_rmse: float


def rmse(actual: Floats, predicted: Floats) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def mae(actual: Floats, predicted: Floats) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(actual - predicted)))


def r2(actual: Floats, predicted: Floats) -> float:
    """Share of the variance explained; NaN where all actual values are the same."""
    variance = float(np.mean((actual - np.mean(actual)) ** 2))
    return 1.0 - rmse(actual, predicted) ** 2 / variance if variance > 0 else float("nan")


METRICS: dict[str, Callable[[Floats, Floats], float]] = {"rmse": rmse, "mae": mae, "r2": r2}


def judge(learner: Learner, data: Data, fitted: Predict | None = None) -> Verdict:
    """Judge a learner on the test rows and the folds. ``fitted`` is its fit on the training rows, if there is one."""
    rows, label = data.inputs, data.label
    predict = fitted or learner(rows[data.train], label[data.train])
    test = predict(rows[data.test])
    held_out = np.empty_like(label)
    for seen, unseen in data.folds:
        held_out[unseen] = learner(rows[seen], label[seen])(rows[unseen])
    return Verdict(
        test=test,
        held_out=held_out,
        metrics={name: metric(label[data.test], test) for name, metric in METRICS.items()},
        fold_rmse=tuple(rmse(label[unseen], held_out[unseen]) for _, unseen in data.folds),
    )


def intervals(actual: Floats, predicted: Floats, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Each metric's 95 % percentile bootstrap interval over the test rows (Efron & Tibshirani 1993, chapter 13)."""
    draws = np.random.default_rng(seed).integers(len(actual), size=(samples, len(actual)))
    found = {}
    for name, metric in METRICS.items():
        low, high = np.nanpercentile([metric(actual[draw], predicted[draw]) for draw in draws], [2.5, 97.5])
        found[name] = float(low), float(high)
    return found


def baselines(inputs: tuple[InputSpec, ...], seed: int) -> dict[str, Learner]:
    """The rivals that every model is compared with, on the same rows and folds."""

    def mean(_: Floats, label: Floats) -> Predict:
        value = float(np.mean(label))
        return lambda rows: np.full(len(rows), value)

    def least_squares(rows: Floats, label: Floats) -> Predict:
        features = expand(inputs, rows)
        center = features.mean(axis=0)
        spread = np.where(features.std(axis=0) > 0, features.std(axis=0), 1.0)

        def design(some: Floats) -> Floats:
            return np.column_stack([(expand(inputs, some) - center) / spread, np.ones(len(some))])

        weights = np.linalg.lstsq(design(rows), label, rcond=None)[0]
        return lambda some: np.asarray(design(some) @ weights)

    def gradient_boosting(rows: Floats, label: Floats) -> Predict:
        fitted = GradientBoostingRegressor(random_state=seed).fit(rows, label)
        return lambda some: np.asarray(fitted.predict(some))

    return {"mean": mean, "least_squares": least_squares, "gradient_boosting": gradient_boosting}


def slices(spec: Spec, data: Data, verdict: Verdict) -> list[Slice]:
    """The errors by each input and slice column: by value where those are few, else by the training rows' quartiles."""
    columns = dict.fromkeys([*(item.column for item in spec.inputs), *spec.judge.slices])
    found = []
    for column in columns:
        values = data.columns[column].to_numpy()
        for name, inside in _parts(values, values[data.train]):
            test = inside[data.test]
            if inside.any():
                found.append(
                    Slice(
                        column=column,
                        slice=name,
                        test_rows=int(test.sum()),
                        test_rmse=rmse(data.label[data.test][test], verdict.test[test]) if test.any() else None,
                        cv_rows=int(inside.sum()),
                        cv_rmse=rmse(data.label[inside], verdict.held_out[inside]),
                    )
                )
    return found


def _parts(values: Floats, training: Floats) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    distinct = np.unique(values)
    if len(distinct) <= 10:
        for value in distinct:
            yield f"{value:g}", values == value
        return
    edges = np.unique(np.quantile(training, [0.25, 0.5, 0.75]))
    part = np.searchsorted(edges, values, side="left")  # a value on an edge belongs below it
    names = [f"≤ {edges[0]:g}", *(f"{a:g} – {b:g}" for a, b in pairwise(edges)), f"> {edges[-1]:g}"]
    for number, name in enumerate(names):
        yield name, part == number
