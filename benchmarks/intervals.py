"""Coverage and width of prediction intervals on new rows, over many splits, beside plain split conformal.

    .venv/bin/python -m benchmarks.intervals [--model mlp] [--splits 100] [--jobs 1] > table.md

Each split keeps a fifth of the rows as new ones. The others go through what a training does: five folds, intervals from
the errors of all of them, and a model that is fitted without one fold. Plain split conformal takes one width for every
row, from the errors of that model on that one fold.

linear is least squares, to which `train/boston.toml` converges. mlp is the network of `train/boston_mlp.toml` with the
same layers, steps and decay, written in numpy: thousands of fits with Keras would take hours.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for small matrices wait for each other on a busy machine

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

sys.path.insert(0, str(Path(__file__).parent.parent))

from registry import SHOWN_LEVEL, Input
from train.evaluation.interval_figures import MIN_SLICE_ROWS
from train.evaluation.intervals import make_interval
from train.evaluation.slices import slice_column

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]
Fit = Callable[[Floats, Floats, int], Predict]

DATA = Path(__file__).parent.parent / "train" / "data" / "boston.csv"
FOLDS, NEW = 5, 0.2
HIDDEN, STEPS, RATE, DECAY = (32, 16), 500, 0.01, 2.0  # of train/boston_mlp.toml


def boston() -> tuple[list[Input], Floats, Floats]:
    """Return the inputs, the rows and the labels of the model that is shipped."""
    table, names = pd.read_csv(DATA), ["rm", "tax", "age"]
    return [_number(name) for name in names], table[names].to_numpy(np.float64), table["medv"].to_numpy(np.float64)


def diabetes() -> tuple[list[Input], Floats, Floats]:
    """Return the same of scikit-learn's diabetes data: ten inputs, one of them a category."""
    data = load_diabetes(as_frame=True, scaled=False)
    rows: pd.DataFrame = data.data
    inputs = [
        Input(name, name, "", (), (1, 2), (1, 2), 1, categories=(1.0, 2.0)) if name == "sex" else _number(name)
        for name in map(str, rows)
    ]
    return inputs, rows.to_numpy(np.float64), data.target.to_numpy(np.float64)


def _number(name: str) -> Input:
    return Input(name, name, "", (), (-1e9, 1e9), (-1e9, 1e9), 0)


def fit_linear(rows: Floats, label: Floats, _: int) -> Predict:
    """Fit least squares."""
    predict: Predict = LinearRegression().fit(rows, label).predict
    return predict


def fit_mlp(rows: Floats, label: Floats, seed: int) -> Predict:
    """Fit a network of tanh layers with AdamW on all rows at once, its rate falling along a half cosine."""
    random = np.random.default_rng(seed)
    center, spread, middle, scale = rows.mean(axis=0), rows.std(axis=0), label.mean(), label.std()
    values, target = ((rows - center) / spread).astype(np.float32), ((label - middle) / scale).astype(np.float32)
    sizes = [rows.shape[1], *HIDDEN, 1]
    weights: list[np.ndarray] = []
    for before, after in pairwise(sizes):
        limit = math.sqrt(6 / (before + after))  # Glorot's
        weights += [random.uniform(-limit, limit, (before, after)).astype(np.float32), np.zeros(after, np.float32)]
    first, second = [np.zeros_like(weight) for weight in weights], [np.zeros_like(weight) for weight in weights]
    for step in range(STEPS):
        rate = RATE * (1 + math.cos(math.pi * step / STEPS)) / 2
        correction = math.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        for weight, gradient, mean, square in zip(
            weights, _gradients(weights, values, target), first, second, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            weight -= rate * (DECAY * weight + correction * mean / (np.sqrt(square) + 1e-7))
    return lambda new: np.asarray(
        _forward(weights, ((new - center) / spread).astype(np.float32))[-1][:, 0] * scale + middle, np.float64
    )


def _forward(weights: Sequence[np.ndarray], values: np.ndarray) -> list[np.ndarray]:
    layers = [values]
    for place in range(0, len(weights), 2):
        values = values @ weights[place] + weights[place + 1]
        layers.append(np.tanh(values) if place + 2 < len(weights) else values)
        values = layers[-1]
    return layers


def _gradients(weights: Sequence[np.ndarray], values: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    layers = _forward(weights, values)
    error = 2 * (layers[-1] - target[:, np.newaxis]) / len(target)
    gradients: list[np.ndarray] = []
    for place in range(len(weights) - 2, -1, -2):
        inputs = layers[place // 2]
        gradients[:0] = [inputs.T @ error, error.sum(axis=0)]
        if place:
            error = (error @ weights[place].T) * (1 - inputs**2)
    return gradients


FITS: dict[str, Fit] = {"linear": fit_linear, "mlp": fit_mlp}


def one_split(data: Callable[[], tuple[list[Input], Floats, Floats]], fit: Fit, seed: int) -> dict[str, Floats]:
    """Return for each new row of a split: its position, its prediction, its error and both half widths."""
    inputs, rows, label = data()
    order = np.random.default_rng(seed).permutation(len(rows))
    new, known = np.split(order, [round(NEW * len(rows))])
    folds = np.array_split(np.arange(len(known)), FOLDS)
    errors, fitted = np.empty(len(known)), []
    for fold in folds:
        others = np.setdiff1d(np.arange(len(known)), fold)
        fitted.append(fit(rows[known[others]], label[known[others]], seed))
        errors[fold] = np.abs(label[known[fold]] - fitted[-1](rows[known[fold]]))
    interval = make_interval(inputs, rows[known], errors, folds)
    if interval is None:
        raise ValueError("no interval could be made")
    rank = math.ceil(round((len(folds[0]) + 1) * SHOWN_LEVEL, 9))
    plain = np.sort(errors[folds[0]])[rank - 1]
    predictions = fitted[0](rows[new])  # the fit without the first fold is the published one
    return {
        "row": new.astype(np.float64),
        "prediction": predictions,
        "error": np.abs(label[new] - predictions),
        "scaled": interval.half_width(rows[new].astype(np.float32), SHOWN_LEVEL),
        "plain": np.full(len(new), plain),
    }


def summarise(name: str, found: Sequence[dict[str, Floats]], rows: Floats, inputs: Sequence[Input]) -> str:
    """Return the lines of the table for one model on one data set."""
    new = {key: np.concatenate([part[key] for part in found]) for key in found[0]}
    # The thirds of each split by its own predictions; the slices by the quartiles of all rows.
    third = np.concatenate(
        [np.argsort(np.argsort(part["prediction"])) * 3 // len(part["prediction"]) for part in found]
    )
    position = new["row"].astype(np.int64)
    rmse = float(np.sqrt(np.mean(new["error"] ** 2)))
    lines = []
    for kind in ("plain", "scaled"):
        inside = new["error"] <= new[kind]
        by_split = np.array([np.mean(part["error"] <= part[kind]) for part in found])
        thirds = np.array([[np.mean(part) for part in np.split(inside[third == n], len(found))] for n in range(3)])
        worst_third = thirds[np.argmin(thirds.mean(axis=1))]
        slices = []
        for column in range(len(inputs)):
            names, numbers = slice_column(rows[:, column], rows[:, column])
            slices += [
                float(np.mean(inside[numbers[position] == number]))
                for number in range(len(names))
                if np.sum(numbers == number) >= MIN_SLICE_ROWS
            ]
        width = float(np.mean([np.mean(part[kind]) for part in found]) / np.mean(new["plain"]))
        figures = f"{_percent(by_split)} | {width:.3f} | {_percent(worst_third)} | {100 * min(slices):.1f}"
        lines.append(f"| {name}, {len(found)} splits | {rmse:.3g} | {kind} | {figures} |")
    return "\n".join(lines)


def _percent(shares: Floats) -> str:
    """Return the mean of the shares of all splits, with its standard error."""
    return f"{100 * np.mean(shares):.1f} ± {100 * np.std(shares, ddof=1) / math.sqrt(len(shares)):.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=FITS, action="append", help="by default all")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print("| model | RMSE | intervals | new rows inside, % | width | worst third, % | worst slice, % |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    with ProcessPoolExecutor(options.jobs) as pool:
        for model in options.model or FITS:
            for data in (boston, diabetes):
                inputs, rows, _ = data()
                found = list(pool.map(partial(one_split, data, FITS[model]), range(options.splits)))
                print(summarise(f"{data.__name__}, {model}", found, rows, inputs), flush=True)


if __name__ == "__main__":
    main()
