"""The data: a CSV file, checked cell by cell, then split and divided into folds.

Owns what a cell may hold; every error about a cell names its line and column.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold, train_test_split

from train.errors import TrainError
from train.spec import Spec
from train.text_file import read_text_file

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MIN_ROWS = 30  # with fewer, a split and a bootstrap interval mean little


@dataclass(frozen=True, slots=True)
class Dataset:
    """The checked rows, in the order of the file, and how they are divided.

    Attributes:
        inputs: float64 (n, k), in the order of the spec's inputs.
        label: float64 (n,), in the label's unit.
        columns: every column that is used, float64, by its name in the file; slices are made from them.
        train_rows, test_rows: int64 positions of the rows in the two parts of the split.
        folds: (training, held-out) positions of each fold; the folds divide all rows.
    """

    inputs: Floats
    label: Floats
    columns: pd.DataFrame
    train_rows: Indices
    test_rows: Indices
    folds: tuple[tuple[Indices, Indices], ...]


def load_dataset(spec: Spec) -> Dataset:
    """Read, check and divide the spec's data.

    Raises:
        TrainError: naming the file, and the line and column where there is one.
    """
    input_columns = [item.column for item in spec.inputs]
    lines, table = _read(spec, list(dict.fromkeys([*input_columns, spec.label_column, *spec.evaluation.slices])))
    if len(table) < MIN_ROWS:
        raise TrainError(f"{spec.data_file}: has {len(table)} rows; a training needs at least {MIN_ROWS}")
    _check_values(spec, lines, table)
    label = table[spec.label_column].to_numpy()

    positions = np.arange(len(table))
    train_rows, test_rows = train_test_split(positions, test_size=spec.test_fraction, random_state=spec.seed)
    folds = KFold(spec.evaluation.folds, shuffle=True, random_state=spec.seed).split(positions)
    for column in (*input_columns, spec.label_column):
        if table[column].iloc[train_rows].nunique() == 1:
            raise TrainError(
                f"{spec.data_file}: column {column} has the same value in every training row, so it teaches the model "
                f"nothing; add rows with other values, or take the column out of {spec.file}"
            )
    if np.ptp(label[test_rows]) == 0:
        raise TrainError(
            f"{spec.data_file}: column {spec.label_column} has the same value in every test row; "
            "add rows with other values"
        )
    return Dataset(table[input_columns].to_numpy(), label, table, train_rows, test_rows, tuple(folds))


def _read(spec: Spec, columns: list[str]) -> tuple[Indices, pd.DataFrame]:
    """Return the line on which each row ends, and the columns as float64.

    pandas.read_csv forgets line numbers and guesses which cells are missing, so this reads cell by cell.
    """
    path = spec.data_file
    text, sha256 = read_text_file(path, f"correct data.file in {spec.file}")
    if sha256 != spec.data_sha256:
        raise TrainError(
            f"{path}: its SHA-256 is {sha256}, but data.sha256 in {spec.file} says {spec.data_sha256}; "
            "restore the data, or write the new value there if you changed the data on purpose"
        )
    rows = _csv_rows(path, text)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    for column in columns:
        if names.count(column) != 1:
            problem = "has more than one column" if column in names else "has no column"
            raise TrainError(f"{path}: {problem} {column!r}; its first line, split at commas, names {names}")
    used = [(names.index(column), column) for column in columns]
    lines: list[int] = []
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(names):
            raise TrainError(f"{path}, line {line}: expected {len(names)} fields, not {len(row)}; correct the line")
        lines.append(line)
        values.append([_parse_number(path, line, column, row[position]) for position, column in used])
    return np.array(lines, dtype=np.int64), pd.DataFrame(values, columns=columns, dtype=np.float64)


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row ends and its fields, without blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise TrainError(f"{path}, line {reader.line_num}: not CSV: {error}; correct the line") from error


def _parse_number(path: Path, line: int, column: str, cell: str) -> float:
    try:
        value = float(cell) if "_" not in cell else math.nan  # Python would read 1_000 as a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TrainError(
            f"{path}, line {line}, column {column}: expected a number, not {cell[:40]!r}; correct it or remove the row"
        )
    return value


def _check_values(spec: Spec, lines: Indices, table: pd.DataFrame) -> None:
    """Check each input against its limits or its categories, and the label against its plausible range."""
    for item in spec.inputs:
        if item.categories:
            codes = ", ".join(f"{code:g}" for code in item.categories)
            allowed, expected = table[item.column].isin(item.categories), f"one of the categories {codes}"
        else:
            allowed, expected = _within(table[item.column], "limits", item.limits)
        _require(spec, lines, table[item.column], allowed, expected)
        for code in item.categories:
            if code not in table[item.column].to_numpy():
                raise TrainError(
                    f"{spec.data_file}: column {item.column} never has the category {code:g}, so the model can't learn "
                    f"it; add such rows, or take {code:g} out of the categories of {item.name} in {spec.file}"
                )
    label = table[spec.label_column]
    _require(spec, lines, label, *_within(label, "plausible range", spec.label.plausible))


def _within(values: pd.Series[float], name: str, limits: tuple[float, float]) -> tuple[pd.Series[bool], str]:
    return values.between(*limits), f"a value within the {name} {limits[0]:g} to {limits[1]:g}"


def _require(spec: Spec, lines: Indices, values: pd.Series[float], allowed: pd.Series[bool], expected: str) -> None:
    """Raise TrainError for the first value that is not allowed."""
    for position in np.flatnonzero(~allowed):
        raise TrainError(
            f"{spec.data_file}, line {lines[position]}, column {values.name}: expected {expected}, not "
            f"{values[position]:g}; correct the data, or {spec.file}"
        )
