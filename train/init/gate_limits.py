"""The gates of a spec: what the chosen network reaches, and a margin. A training passes them, and a worse one fails."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from train.dataset import Dataset, Floats, Indices
from train.errors import TrainError
from train.evaluation import Evaluation, PredictFunction, evaluate, gates, interval_figures, rmse, sample_folds
from train.evaluation.baselines import baselines
from train.evaluation.slices import slice_input
from train.init.candidates import FEW_ROWS, Chosen
from train.networks.fitting import Examples, fit_layers
from train.progress import Report
from train.spec import FitConfig
from train.spec.gates import LARGEST_LIMIT

PARITY = 1e-5
MARGIN = 1.15
SLICE_MARGIN = {True: 1.25, False: 1.5}  # whether it was measured with all members
INTERVAL_MARGIN = 0.08
WIDTH_MARGIN = 1.1
LARGE_FOLDS = 2  # of a large file, as many folds hold out rows enough to measure with
MOST_OUTSIDE = 0.4  # a gate that allows more says nothing


@dataclass(frozen=True, slots=True)
class Measured:
    """Limits of the gates, and a line for people on what they come from."""

    limits: Mapping[str, float]
    words: tuple[str, ...]


def measure(data: Dataset, chosen: Chosen, seed: int, report: Report) -> Measured:
    """Fit the chosen network as a training does, and return gates that it passes.

    Raises:
        TrainError: if it does not predict better than the mean.
    """
    config = chosen.best.fit
    test, train = data.test_rows, data.train_rows
    report("measuring the gates", 0.0)
    label = data.label
    fitted = fit_layers(Examples(data.described, data.inputs[train], label[train]), config, seed)
    error = rmse(label[test] - fitted.predict(data.inputs[test]))
    mean = rmse(label[test] - label[train].mean())
    if error >= mean or min(chosen.errors.values()) >= chosen.mean_error:
        raise TrainError(
            f"no network predicts better than the mean of the label ({error:.4g} and {mean:.4g} on the test rows): "
            "the columns that are left tell nothing of it; add others, or rows"
        )
    squares = baselines(data.described, seed, len(train))["least_squares"](data.inputs[train], label[train])
    versus_squares = error / max(rmse(label[test] - squares(data.inputs[test])), 1e-300)
    exact = len(train) <= FEW_ROWS
    evaluation, judged = _cross_validate(
        data, config if exact else replace(config, members=1), seed, fitted.predict, report
    )
    share = len(judged.folds) / len(data.folds)  # a slice that a training judges is smaller here, if folds are fewer
    limits = {
        "parity": PARITY,
        "test_vs_mean": min(_above(error / mean * MARGIN, 2), 1.0),
        "test_vs_least_squares": _above(versus_squares * MARGIN, 2),
        "worst_slice": _above(_worst_slice(judged, evaluation, share * gates.MIN_SLICE_ROWS) * SLICE_MARGIN[exact], 1),
        **_interval_limits(judged, evaluation, share * interval_figures.MIN_SLICE_ROWS),
    }
    limits = {name: limit for name, limit in limits.items() if limit <= LARGEST_LIMIT}
    sampled = f"Gates of slices and intervals were measured on {len(_held_out(judged))} rows, a sample of all."
    words = (
        f"On the {len(test)} test rows the network's error is {error / mean:.3g} of that of the mean, "
        f"and {versus_squares:.3g} of that of least squares"
        f"{'' if 'test_vs_least_squares' in limits else ', which are too good for a gate that compares with them'}.",
        "Each gate is what was measured and a margin. They hold back a later version that is worse: set them to what "
        "people need.",
        *((sampled,) if len(_held_out(judged)) < len(label) else ()),
    )
    return Measured(limits, words)


def _cross_validate(
    data: Dataset, config: FitConfig, seed: int, predict: PredictFunction, report: Report
) -> tuple[Evaluation, Dataset]:
    """Cross-validate a network on the rows that a training takes for it. Return also the data with these folds."""
    judged = sample_folds(data, seed)
    if judged is not data:
        judged = replace(judged, folds=judged.folds[:LARGE_FOLDS])
    done = 0

    def fit(training: Floats, label: Floats) -> PredictFunction:
        nonlocal done
        done += 1
        report("measuring the gates", done / (len(judged.folds) + 2))
        return fit_layers(Examples(data.described, training, label), config, seed).predict

    return evaluate(fit, judged, fitted=predict), judged


def _held_out(data: Dataset) -> Indices:
    return np.sort(np.concatenate([held_out for _, held_out in data.folds]))


def _worst_slice(data: Dataset, evaluation: Evaluation, least: float) -> float:
    """Return the error of the worst slice of an input that has rows enough, over that of all rows."""
    rows = _held_out(data)
    errors = data.label[rows] - evaluation.cv_predictions[rows]
    worst = 1.0
    for column, item in enumerate(data.described):
        _, numbers = slice_input(item, data.inputs[rows, column], data.inputs[data.train_rows, column])
        worst = max(worst, *_slice_errors(errors, numbers, least))
    return worst


def _slice_errors(errors: Floats, numbers: Indices, least: float) -> list[float]:
    """Return the error of each slice of enough rows over the mean error; 0 if there is none."""
    whole = max(rmse(errors), 1e-300)
    counts = np.bincount(numbers)
    squares = np.bincount(numbers, errors**2)
    return [
        0.0,
        *(math.sqrt(total / count) / whole for total, count in zip(squares, counts, strict=True) if count >= least),
    ]


def _interval_limits(data: Dataset, evaluation: Evaluation, least: float) -> dict[str, float]:
    """Return gates for the intervals; none where the intervals are too far off to be held to anything."""
    _, figures = interval_figures.intervals_of(data.described, data, evaluation, least)
    if figures is None:
        return {}
    found = {"interval_worst_third": 1 - figures.worst_third.coverage}
    if figures.worst_slice is not None:
        found["interval_worst_slice"] = 1 - figures.worst_slice.coverage
    limits = {name: _above(max(value, 0.1) + INTERVAL_MARGIN, 2) for name, value in found.items()}
    limits = {name: limit for name, limit in limits.items() if limit <= MOST_OUTSIDE}
    return {**limits, "interval_width": _above(max(figures.width_vs_plain, 1.0) * WIDTH_MARGIN, 2)}


def _above(value: float, digits: int) -> float:
    """Return the next larger number of so many digits behind the point."""
    scale = math.pow(10, digits)
    return round(math.ceil(value * scale - 1e-9) / scale, digits)
