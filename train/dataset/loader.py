"""The data: the rows of a CSV file, checked, then divided, then encoded.

Owns what the values of a training may be; every error about one names its line and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry import Input
from train.dataset.csv_columns import Column, Floats
from train.dataset.csv_file import file_sha256
from train.dataset.csv_table import Indices, read_csv
from train.dataset.input_values import encode, missing_value, read_values
from train.dataset.split import divide, find_originals
from train.errors import TeachesNothingError, TrainError
from train.spec import InputSpec, Spec

MIN_ROWS = 30  # with fewer, a split and a bootstrap interval mean little


@dataclass(frozen=True, slots=True)
class Dataset:
    """The checked rows, in the order of the file, and how they are divided.

    Attributes:
        inputs: float64 (n, k), in the order of the spec's inputs, as the model takes them: texts are codes, and what is
            missing has its input's ``missing.value``.
        label: float64 (n,), in the label's unit.
        columns: every column that is used, by its name in the file: float64, where NaN is no value, or categorical, of
            the texts in the file; slices are made from them.
        train_rows, test_rows: int64 positions of the rows in the two parts of the split.
        folds: (training, held-out) positions of each fold; the folds divide all rows.
        copies: how many rows have the inputs of an earlier row, as the model sees them: in float32, and before levels
            are merged.
        described: the inputs as clients see them: without merged levels, with what stands for a missing value.
        merged: the levels that became ``other``, by the name of their input; only where there are some.
        unlabelled: how many rows of the file have no label; they are in no other attribute.
    """

    inputs: Floats
    label: Floats
    columns: pd.DataFrame
    train_rows: Indices
    test_rows: Indices
    folds: tuple[tuple[Indices, Indices], ...]
    copies: int
    described: tuple[Input, ...]
    merged: Mapping[str, tuple[str, ...]]
    unlabelled: int


def load_dataset(spec: Spec) -> Dataset:
    """Read, check, divide and encode the spec's data.

    Raises:
        TrainError: naming the file, and the line and column where there is one.
    """
    lines, table, unlabelled = _read(spec)
    inputs = np.empty((len(spec.inputs), len(table))).T  # a column after the other: what is done to them is quicker
    for position, item in enumerate(spec.inputs):
        inputs[:, position] = _input_values(spec, item, lines, table[item.column])
    originals = find_originals(_as_seen(spec, inputs))
    different = int(np.sum(originals == np.arange(len(table))))
    if different < MIN_ROWS:
        without = f" with a label ({unlabelled} have none)" if unlabelled else ""
        raise TrainError(
            f"{spec.data_file}: has {len(table)} rows{without}, of which {different} differ in their inputs; "
            f"a training needs at least {MIN_ROWS} that differ"
        )
    _check_values(spec, lines, inputs, table[spec.label_column])
    label = table[spec.label_column].to_numpy()

    train_rows, test_rows, folds = divide(spec, originals)
    described: list[Input] = []
    merged: dict[str, tuple[str, ...]] = {}
    for position, item in enumerate(spec.inputs):
        if np.isnan(inputs[train_rows, position]).all():
            raise _teaches_nothing(spec, item.column, "has no value in any training row")
        encoding = encode(item, inputs[:, position], train_rows)
        if _is_constant(encoding.described, encoding.values[train_rows]):
            merged_too = " after min_rows has merged its rare categories" if encoding.merged else ""
            raise _teaches_nothing(spec, item.column, f"has the same value in every training row{merged_too}")
        inputs[:, position] = encoding.values
        described.append(encoding.described)
        merged |= {item.name: encoding.merged} if encoding.merged else {}
    if np.ptp(label[train_rows]) == 0:
        raise _teaches_nothing(spec, spec.label_column, "has the same value in every training row")
    if np.ptp(label[test_rows]) == 0:
        raise TrainError(
            f"{spec.data_file}: column {spec.label_column} has the same value in every test row; "
            "add rows with other values"
        )
    return Dataset(
        inputs=inputs,
        label=label,
        columns=table,
        train_rows=train_rows,
        test_rows=test_rows,
        folds=folds,
        copies=len(table) - different,
        described=tuple(described),
        merged=merged,
        unlabelled=unlabelled,
    )


def _teaches_nothing(spec: Spec, column: str, problem: str) -> TeachesNothingError:
    return TeachesNothingError(
        column,
        problem,
        f"{spec.data_file}: column {column} {problem}, so it teaches the model "
        f"nothing; add rows with other values, or take the column out of {spec.file}",
    )


def _is_constant(described: Input, training: Floats) -> bool:
    """Say whether the model sees the same value in every training row."""
    missing = described.missing
    if missing is not None and not missing.indicator:
        training = np.where(training == missing.value, missing.fill, training)
    return float(np.ptp(training)) == 0


def _as_seen(spec: Spec, inputs: Floats) -> NDArray[np.float32]:
    """Return the inputs as the model sees them before levels are merged, float32 (n, k)."""
    seen = np.empty(inputs.shape, dtype=np.float32)
    for position, item in enumerate(spec.inputs):
        values = inputs[:, position]
        seen[:, position] = values if item.missing is None else np.nan_to_num(values, nan=missing_value(item))
    return seen


def _read(spec: Spec) -> tuple[Indices, pd.DataFrame, int]:
    """Return the line on which each row with a label ends, its columns, and how many rows have none."""
    path, advice = spec.data_file, f"correct data.file in {spec.file}"
    sha256 = file_sha256(path, advice)
    if sha256 != spec.data_sha256:
        raise TrainError(
            f"{path}: its SHA-256 is {sha256}, but data.sha256 in {spec.file} says {spec.data_sha256}; "
            "restore the data, or write the new value there if you changed the data on purpose"
        )
    table = read_csv(path, spec.csv_format, _columns(spec), advice)
    if table.sha256 != sha256:
        raise TrainError(f"{path}: changed while it was read; train again")
    if not spec.drop_unlabelled:
        return table.lines, table.frame, 0
    labelled = table.frame[spec.label_column].notna().to_numpy()
    if labelled.all():
        return table.lines, table.frame, 0
    return table.lines[labelled], table.frame[labelled].reset_index(drop=True), int(np.sum(~labelled))


def _columns(spec: Spec) -> dict[str, Column]:
    """Return what each column holds that is used, in the order of the inputs, the label and the slices."""
    columns: dict[str, Column] = {}
    for item in spec.inputs:
        optional = item.missing is not None or (item.column in columns and columns[item.column].optional)
        columns[item.column] = Column("texts" if item.levels or item.reads_dates else "numbers", optional)
    columns[spec.label_column] = Column("numbers", optional=spec.drop_unlabelled)
    return columns | {name: Column("any") for name in spec.evaluation.slices if name not in columns}


def _input_values(spec: Spec, item: InputSpec, lines: Indices, column: pd.Series) -> Floats:
    """Return the value of an input in each row, float64 (n,); NaN where it is missing.

    Raises:
        TrainError: naming the first text that has no value, or the first cell that must have one.
    """
    values, wrong = read_values(item, column)
    if wrong:
        if item.reads_dates:
            expected = f"a date as {item.date_format} in data"
        else:
            shown = ", ".join(map(repr, item.levels[:10]))
            expected = f"one of the categories {shown}{' and more' if len(item.levels) > 10 else ''}"
        _require(spec, lines, column, ~column.isin(wrong), expected)
    if item.missing is None:
        _require(spec, lines, column, ~np.isnan(values), f"a value for {item.name}")
    return values


def _check_values(spec: Spec, lines: Indices, inputs: Floats, label: pd.Series) -> None:
    """Check each input against its limits or its categories, and the label against its plausible range."""
    for position, item in enumerate(spec.inputs):
        values = pd.Series(inputs[:, position], name=item.column)
        if not item.levels:
            if item.categories:
                codes = ", ".join(f"{code:g}" for code in item.categories)
                allowed, expected = values.isin(item.categories), f"one of the categories {codes}"
            else:
                allowed, expected = _within(values, "limits", item.limits)
            _require(spec, lines, values, allowed | values.isna(), expected)
        if item.categories and item.other is None:
            _check_every_category(spec, item, values)
    _require(spec, lines, label, *_within(label, "plausible range", spec.label.plausible))


def _check_every_category(spec: Spec, item: InputSpec, values: pd.Series) -> None:
    """Check that each category has a row. If there is another level for them, those without one are merged into it."""
    present = set(values.unique())
    words = [repr(text) for text in item.levels] or [f"{code:g}" for code in item.categories]
    for code, word in zip(item.categories, words, strict=True):
        if code not in present:
            raise TrainError(
                f"{spec.data_file}: column {item.column} never has the category {word}, so the model can't learn "
                f"it; add such rows, or take {word} out of the categories of {item.name} in {spec.file}"
            )


def _within(values: pd.Series, name: str, limits: tuple[float, float]) -> tuple[pd.Series, str]:
    return values.between(*limits), f"a value within the {name} {limits[0]:g} to {limits[1]:g}"


def _require(
    spec: Spec, lines: Indices, values: pd.Series, allowed: pd.Series | NDArray[np.bool_], expected: str
) -> None:
    """Raise TrainError if there are values that are not allowed: it names the first, and says how many they are."""
    wrong = np.flatnonzero(~np.asarray(allowed))
    if len(wrong):
        more = f"; such cells in this column: {len(wrong)}" if len(wrong) > 1 else ""
        value = values.iloc[wrong[0]]
        shown = repr(value[:40]) if isinstance(value, str) else "an empty cell" if pd.isna(value) else f"{value:g}"
        raise TrainError(
            f"{spec.data_file}, line {lines[wrong[0]]}, column {values.name}: expected {expected}, not "
            f"{shown}{more}; correct the data, or {spec.file}"
        )
