"""The figures of a version: what its pages draw, computed once from the training rows and the test rows.

A model is only a function here, as in train.evaluation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from registry import SHOWN_LEVEL, Figures, Input, Signature
from registry.figures import Histogram, InputFigures
from train.dataset import Dataset, Floats, Indices
from train.evaluation import PredictFunction

BINS = 24  # of a number; a category has a bin for each code
CURVE_POINTS = 41
BACKGROUND_ROWS = 256
MAX_CANDIDATES = 20_000  # of which the background rows are taken
TEST_ROWS = 500
MOSTLY = (0.1, 0.9)  # the quantiles between which most training rows are


def build_figures(signature: Signature, data: Dataset, predict: PredictFunction, test_predictions: Floats) -> Figures:
    """Return the figures of a fitted model.

    Args:
        signature: with the intervals of the version, if it has any.
        predict: the fitted model.
        test_predictions: float64 (n_test,), for the test rows.
    """
    training = data.inputs[data.train_rows]
    candidates = training[evenly(np.arange(len(training)), MAX_CANDIDATES)]
    background = candidates[evenly(np.argsort(predict(candidates), kind="stable"), BACKGROUND_ROWS)]
    test = evenly(np.arange(len(data.test_rows)), TEST_ROWS)
    test_rows = data.test_rows[test]
    return Figures(
        inputs={
            item.name: _input_figures(item, column, training[:, column], background, predict)
            for column, item in enumerate(signature.inputs)
        },
        output=_histogram(data.label[data.train_rows]),
        actual=_short(data.label[test_rows]),
        predicted=_short(test_predictions[test]),
        half_width=_half_width(signature, data.inputs[test_rows]),
    )


def partial_dependence(predict: PredictFunction, background: Floats, column: int, values: Floats) -> Floats:
    """Return the mean prediction over background rows (m, k) as one input takes each value, float64 (n,).

    Friedman, Greedy function approximation (2001), section 8.2.
    """
    rows = np.repeat(background[np.newaxis], len(values), axis=0)
    rows[:, :, column] = values[:, np.newaxis]
    predictions = predict(rows.reshape(-1, background.shape[1])).reshape(len(values), len(background))
    means: Floats = predictions.mean(axis=1)
    return means


def evenly(rows: Indices, count: int) -> Indices:
    """Return at most ``count`` of the rows: the one in the middle of each of so many equal parts."""
    return rows if len(rows) <= count else rows[((np.arange(count) + 0.5) * len(rows) / count).astype(np.int64)]


def _input_figures(
    item: Input, column: int, values: Floats, background: Floats, predict: PredictFunction
) -> InputFigures:
    x = np.array(item.categories) if item.categories else np.linspace(*item.training, CURVE_POINTS)
    y = partial_dependence(predict, background, column, x)
    rows = len(values)
    if item.missing:
        values = values[values != np.float32(item.missing.value)]
    low, high = np.quantile(values, MOSTLY, method="inverted_cdf" if item.categories else "linear")
    if item.categories:
        counts = [int(np.sum(values == code)) for code in x]
        histogram, median = Histogram(_short(x), tuple(counts)), x[np.argmax(counts)]
    else:
        histogram, median = _histogram(values), np.median(values)
    return InputFigures(
        histogram, _pair(low, high), _short([median])[0], _short(x), _short(y), missing=rows - len(values)
    )


def _histogram(values: Floats) -> Histogram:
    counts, edges = np.histogram(values.astype(np.float32).astype(np.float64), BINS)  # no bin is too narrow
    return Histogram(_short(edges), tuple(counts.tolist()))


def _half_width(signature: Signature, rows: Floats) -> tuple[float, ...]:
    """Return half the width of each row's interval; nothing without intervals of this level."""
    interval = signature.interval_at(SHOWN_LEVEL)
    return _short(interval.half_width(rows.astype(np.float32), SHOWN_LEVEL)) if interval else ()


def _pair(low: float, high: float) -> tuple[float, float]:
    first, second = _short([low, high])
    return first, second


def _short(values: NDArray[np.float64] | list[float]) -> tuple[float, ...]:
    """Return values as float32, with the fewest digits that read back the same: card.json stays small."""
    return tuple(float(str(value)) for value in np.asarray(values, dtype=np.float32))
