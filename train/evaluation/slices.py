"""The slices: parts of the rows by an input or another column, and how well a model predicts each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from registry import Input, name_beside
from train.dataset import Dataset, Floats, Indices
from train.evaluation.metrics import Evaluation, rmse
from train.spec import Spec

MAX_BOOTSTRAP_ROWS = 10_000
MAX_SLICE_VALUES = 10  # a column of more different values is sliced by quartiles


@dataclass(frozen=True, slots=True)
class Slice:
    """The RMSE on one slice: on its test rows (None if it has none), and in cross-validation on all its rows.

    A model without cross-validation has no row and no RMSE there.

    Attributes:
        low, high: the 95 % percentile bootstrap interval of ``cv_rmse``.
    """

    column: str
    slice: str
    test_rows: int
    test_rmse: float | None
    cv_rows: int
    cv_rmse: float | None
    low: float | None
    high: float | None


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
            test_rmse = rmse(test) if len(test) else None
            if len(cv):
                low, high = _rmse_interval(cv, spec.evaluation.bootstrap, generator)
                slices.append(Slice(column, name, len(test), test_rmse, len(cv), rmse(cv), low, high))
            elif not evaluation.fold_rmse:
                slices.append(Slice(column, name, len(test), test_rmse, 0, None, None, None))
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
        names, numbers = list(map(str, texts)), column.cat.set_categories(texts).cat.codes.to_numpy().astype(np.int64)
        for name, others in (("missing", column.isna().to_numpy()), ("other", ~column.isin(texts).to_numpy())):
            rest = others & (numbers < 0)
            if rest.any():
                numbers = np.where(rest, len(names), numbers)
                names.append(name_beside(names, name))
        return names, numbers
    values = column.to_numpy()
    absent = np.isnan(values)
    known = values[train_rows][~absent[train_rows]]
    names, numbers = slice_column(np.where(absent, known[0] if len(known) else 0.0, values), known)
    return ([*names, "missing"], np.where(absent, len(names), numbers)) if absent.any() else (names, numbers)


def _rmse_interval(errors: Floats, samples: int, generator: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the RMSE of (n,) errors; of many, by the normal distribution.

    A bootstrap of so many rows would take minutes and come to the same: their mean square is normally distributed.
    """
    if len(errors) > MAX_BOOTSTRAP_ROWS:
        squares = errors**2
        margin = 1.96 * float(np.std(squares)) / math.sqrt(len(squares))
        return math.sqrt(max(float(np.mean(squares)) - margin, 0.0)), math.sqrt(float(np.mean(squares)) + margin)
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
        names = [*names, name_beside(names)]
    return names, numbers
