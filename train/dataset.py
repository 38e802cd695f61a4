"""The data: a CSV file, checked cell by cell, then split and divided into folds.

Owns what a cell may hold; every error about a cell names its line and column. Copies, which are rows with the inputs of
an earlier row, stay with that row: or else the model would be tested with rows that it was trained with.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold, train_test_split

from csv_dialect import DialectError, open_csv, read_decimal, width_problem
from train.errors import TrainError
from train.spec import Spec
from train.text_file import decode_text, read_file

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
        copies: how many rows have the inputs of an earlier row, as the model sees them: in float32.
    """

    inputs: Floats
    label: Floats
    columns: pd.DataFrame
    train_rows: Indices
    test_rows: Indices
    folds: tuple[tuple[Indices, Indices], ...]
    copies: int


def load_dataset(spec: Spec) -> Dataset:
    """Read, check and divide the spec's data.

    Raises:
        TrainError: naming the file, and the line and column where there is one.
    """
    input_columns = [item.column for item in spec.inputs]
    lines, table = _read(spec, list(dict.fromkeys([*input_columns, spec.label_column, *spec.evaluation.slices])))
    inputs = table[input_columns].to_numpy()
    originals = _originals(inputs)
    different = len(np.unique(originals))
    if different < MIN_ROWS:
        raise TrainError(
            f"{spec.data_file}: has {len(table)} rows, of which {different} differ in their inputs; "
            f"a training needs at least {MIN_ROWS} that differ"
        )
    _check_values(spec, lines, table)
    label = table[spec.label_column].to_numpy()

    positions = np.arange(len(table))
    split = train_test_split(positions, test_size=spec.test_fraction, random_state=spec.seed)
    train_rows, test_rows = _with_copies(spec, originals, split)
    kfold = KFold(spec.evaluation.folds, shuffle=True, random_state=spec.seed)
    held_out = _with_copies(spec, originals, [rows for _, rows in kfold.split(positions)])
    folds = tuple((np.setdiff1d(positions, rows), rows) for rows in held_out)
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
    return Dataset(inputs, label, table, train_rows, test_rows, folds, copies=len(table) - different)


def _originals(inputs: Floats) -> Indices:
    """Return the position of the first row that has the same inputs as each row, in float32."""
    float32 = pd.DataFrame(inputs.astype(np.float32))
    return pd.Series(range(len(inputs))).groupby([float32[column] for column in float32]).transform("min").to_numpy()


def _with_copies(spec: Spec, originals: Indices, parts: Sequence[Indices]) -> list[Indices]:
    """Return parts of the rows, in which each copy has moved to the part of its original.

    Raises:
        TrainError: if that leaves a part with less than half of its rows, so that it can't be judged.
    """
    drawn = np.empty_like(originals)
    for number, rows in enumerate(parts):
        drawn[rows] = number
    final = drawn[originals]
    divided = []
    for number, rows in enumerate(parts):
        came = np.flatnonzero((final == number) & (drawn != number))
        divided.append(np.concatenate([rows[final[rows] == number], came]))
        if len(divided[-1]) < len(rows) / 2:
            raise TrainError(
                f"{spec.data_file}: too many rows have the inputs of an earlier row. They stay with that row, so a "
                f"part of the split or a fold has {len(divided[-1])} rows instead of {len(rows)} and can't be judged; "
                f"remove such rows, or set fewer judge.folds or a larger split.test in {spec.file}"
            )
    return divided


def _read(spec: Spec, columns: list[str]) -> tuple[Indices, pd.DataFrame]:
    """Return the line on which each row ends, and the columns as float64.

    pandas.read_csv forgets line numbers and guesses which cells are missing, so this reads cell by cell.
    """
    path = spec.data_file
    content, sha256 = read_file(path, f"correct data.file in {spec.file}")
    if sha256 != spec.data_sha256:
        raise TrainError(
            f"{path}: its SHA-256 is {sha256}, but data.sha256 in {spec.file} says {spec.data_sha256}; "
            "restore the data, or write the new value there if you changed the data on purpose"
        )
    try:
        dialect, read = open_csv(io.BytesIO(content).read, columns)
    except DialectError as error:
        raise TrainError(f"{path}: the header: {error}") from error
    text = decode_text(path, dialect.preface + b"".join(iter(lambda: read(len(content)), b"")))
    rows = _csv_rows(path, text, dialect.separator)
    if dialect.preface.endswith(b"\n"):
        next(rows)  # the line sep=;
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    for column in columns:
        if names.count(column) != 1:
            problem = "has more than one column" if column in names else "has no column"
            parted = f"its header, parted by {dialect.separator!r}, names {names}"
            raise TrainError(f"{path}: {problem} {column!r}; {parted}")
    used = [(names.index(column), column) for column in columns]
    lines: list[int] = []
    values: list[list[float]] = []
    wrong: Counter[str] = Counter()  # by column, how many cells are no numbers
    first = ""
    for line, row in rows:
        if len(row) != len(names):
            problem = width_problem(row, len(names), dialect.separator)
            raise TrainError(f"{path}, line {line}: {problem}; correct the line")
        lines.append(line)
        values.append([])
        for position, column in used:
            try:
                values[-1].append(_parse_number(row[position], dialect.decimal))
            except ValueError as error:
                wrong[column] += 1
                first = first or f"{path}, line {line}, column {column}: {error}"
    if wrong:
        cells = f"; such cells: {', '.join(f'{count} in {column}' for column, count in wrong.most_common())}"
        raise TrainError(f"{first}{cells if wrong.total() > 1 else ''}; correct them or remove the rows")
    return np.array(lines, dtype=np.int64), pd.DataFrame(values, columns=columns, dtype=np.float64)


def _csv_rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row ends and its fields, without blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise TrainError(f"{path}, line {reader.line_num}: not CSV: {error}; correct the line") from error


def _parse_number(cell: str, decimal: str) -> float:
    text = read_decimal(cell, decimal)
    try:
        value = float(text) if "_" not in text else math.nan  # Python would read 1_000 as a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"expected a number, not {cell[:40]!r}")
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
    """Raise TrainError if there are values that are not allowed: it names the first, and says how many they are."""
    wrong = np.flatnonzero(~allowed)
    if len(wrong):
        more = f"; such cells in this column: {len(wrong)}" if len(wrong) > 1 else ""
        raise TrainError(
            f"{spec.data_file}, line {lines[wrong[0]]}, column {values.name}: expected {expected}, not "
            f"{values[wrong[0]]:g}{more}; correct the data, or {spec.file}"
        )
