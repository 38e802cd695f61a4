"""The figures of prediction intervals: how often they hold, on rows that they were not made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from registry import SHOWN_LEVEL, Input, Interval
from train.dataset import Dataset, Floats, Indices
from train.evaluation.intervals import LEVELS, make_interval, quantiles_of
from train.evaluation.metrics import Evaluation
from train.evaluation.slices import slice_input

MIN_SLICE_ROWS = 50  # of fewer, the share inside says little


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows, and the share of them whose real value was inside its interval."""

    name: str
    rows: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Level:
    """All rows at one level: the share inside, and the mean width from low to high in the label's unit."""

    coverage: float
    width: float


@dataclass(frozen=True, slots=True)
class IntervalFigures:
    """How intervals made like the published ones did, each fold of the rows with those that the other folds make.

    Attributes:
        rows: how many rows were judged.
        levels: by level.
        width_vs_plain: at SHOWN_LEVEL, the mean width over that of intervals of the same width for every row.
        worst_third: at SHOWN_LEVEL, of the thirds of the rows by prediction the one with the smallest share inside.
        worst_slice: the same of the slices of the inputs that have rows enough; None if there is none.
    """

    rows: int
    levels: Mapping[str, Level]
    width_vs_plain: float
    worst_third: Part
    worst_slice: Part | None


def intervals_of(
    inputs: Sequence[Input], data: Dataset, evaluation: Evaluation, least: float = MIN_SLICE_ROWS
) -> tuple[Interval | None, IntervalFigures | None]:
    """Return the intervals of a model that was evaluated, and how such intervals did; None if there are none.

    Args:
        least: how many rows a slice needs to be judged.
    """
    if not evaluation.fold_rmse:  # it may have seen any row, and errors on rows it has seen are too small
        return None, None
    held_out = [rows for _, rows in data.folds]
    judged = np.sort(np.concatenate(held_out))
    rows, predictions = data.inputs[judged], evaluation.cv_predictions[judged]
    errors = np.abs(data.label[judged] - predictions)
    folds = [np.searchsorted(judged, rows) for rows in held_out]
    interval = make_interval(inputs, rows, errors, folds)
    slices = _slices(inputs, rows, data.inputs[data.train_rows], least)
    return interval, _judge(inputs, rows, predictions, errors, folds, slices)


def _judge(
    inputs: Sequence[Input],
    rows: Floats,
    predictions: Floats,
    errors: Floats,
    held_out: list[Indices],
    slices: Sequence[tuple[str, Indices]],
) -> IntervalFigures | None:
    """Return how intervals like the published ones do on rows they were not made from; None if there are none.

    For each fold they are made anew from the other folds, as :func:`make_interval` makes them from all.

    Args:
        predictions, errors: of each row, by the fit that has not seen it.
        held_out: the rows of each fold.
        slices: as :func:`_slices` returns them.
    """
    half_widths = {level: np.full(len(errors), np.nan) for level in LEVELS}
    plain = np.empty(len(errors))
    for number, judged in enumerate(held_out):
        others = held_out[:number] + held_out[number + 1 :]
        kept = np.concatenate(others)
        starts = np.cumsum([0, *map(len, others)])
        folds = [np.arange(start, end) for start, end in pairwise(starts)]
        interval = make_interval(inputs, rows[kept], errors[kept], folds)
        if interval is None:
            return None
        plain[judged] = quantiles_of(errors[kept])[SHOWN_LEVEL]
        for level in interval.quantiles:
            half_widths[level][judged] = interval.half_width(rows[judged].astype(np.float32), level)
    levels = {
        f"{level:g}": Level(float(np.mean(errors <= half)), 2 * float(np.mean(half)))
        for level, half in half_widths.items()
        if not np.isnan(half).any()
    }
    inside = errors <= half_widths[SHOWN_LEVEL]
    order = np.argsort(predictions, kind="stable")
    thirds = zip(("lowest", "middle", "highest"), np.array_split(order, 3), strict=True)
    return IntervalFigures(
        rows=len(errors),
        levels=levels,
        width_vs_plain=float(np.mean(half_widths[SHOWN_LEVEL]) / np.mean(plain)),
        worst_third=min((_part(f"{name} predictions", inside[third]) for name, third in thirds), key=_coverage),
        worst_slice=min((_part(name, inside[part]) for name, part in slices), key=_coverage, default=None),
    )


def _slices(inputs: Sequence[Input], rows: Floats, training: Floats, least: float) -> list[tuple[str, Indices]]:
    """Return the name and the positions of each slice of an input that has rows enough."""
    slices = []
    for column, item in enumerate(inputs):
        names, numbers = slice_input(item, rows[:, column], training[:, column])
        slices += [(f"{item.name} {name}", np.flatnonzero(numbers == place)) for place, name in enumerate(names)]
    return [(name, positions) for name, positions in slices if len(positions) >= least]


def _part(name: str, inside: np.ndarray) -> Part:
    return Part(name, len(inside), float(np.mean(inside)) if len(inside) else math.nan)


def _coverage(part: Part) -> float:
    return part.coverage
