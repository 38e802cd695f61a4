"""The data: from a CSV file to checked numbers, split and folded.

Every cell that is used was looked at, and a fault names its line and column. Knows neither networks nor metrics.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold, train_test_split

from train.errors import TrainError
from train.spec import InputSpec, Spec

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

FEWEST_ROWS = 30  # below this neither a split nor an interval says anything


@dataclass(frozen=True, slots=True)
class Data:
    """The checked rows and how they are divided.

    Attributes:
        inputs: float64 (n, k), the spec's inputs in order.
        label: float64 (n,), in the label's unit.
        columns: every column that is used, by its name in the file: what slices are made from.
        train, test: positions of the rows in the two parts of the split.
        folds: (training, held out) positions for each fold of all rows.
    """

    inputs: Floats
    label: Floats
    columns: pd.DataFrame
    train: Indices
    test: Indices
    folds: tuple[tuple[Indices, Indices], ...]


def load(spec: Spec) -> Data:
    """Read, check and divide the spec's data.

    Raises:
        TrainError: naming the file, and the line and column where there is one.
    """
    columns = [item.column for item in spec.inputs]
    lines, table = _read(spec, list(dict.fromkeys([*columns, spec.label.column, *spec.judge.slices])))
    if len(table) < FEWEST_ROWS:
        raise TrainError(f"{spec.data}: has {len(table)} rows; a training needs at least {FEWEST_ROWS}")
    for item in spec.inputs:
        _check_input(spec, item, lines, table[item.column].to_numpy())
    low, high = spec.label.plausible
    label = table[spec.label.column].to_numpy()
    _refuse_first(
        spec, spec.label.column, lines, label, (label < low) | (label > high), f"plausible {low:g} to {high:g}"
    )

    every = np.arange(len(table))
    train, test = train_test_split(every, test_size=spec.test, random_state=spec.seed)
    folds = KFold(spec.judge.folds, shuffle=True, random_state=spec.seed).split(every)
    for column in (*columns, spec.label.column):
        if table[column].iloc[train].nunique() == 1:
            raise TrainError(
                f"{spec.data}: column {column} is the same in every training row; nothing is learnt from it"
            )
    if np.ptp(label[test]) == 0:
        raise TrainError(f"{spec.data}: column {spec.label.column} is the same in every test row; bring more rows")
    return Data(table[columns].to_numpy(), label, table, train, test, tuple(folds))


def _read(spec: Spec, used: list[str]) -> tuple[Indices, pd.DataFrame]:
    """The used columns as float64, and the line on which each row ends.

    pandas' reader forgets the lines and guesses at what is missing, so the cells are read one by one.
    """
    try:
        raw = spec.data.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise TrainError(f"{spec.data}: can't be read ({error.strerror}); see data.file in {spec.file}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TrainError(f"{spec.data}, line {line}: not UTF-8; save the file as UTF-8") from error
    found = hashlib.sha256(raw).hexdigest()
    if found != spec.data_sha256:
        raise TrainError(
            f"{spec.data}: its SHA-256 is {found}, and data.sha256 in {spec.file} says {spec.data_sha256}; "
            "restore the data, or write the new value there if the change is meant"
        )
    rows = _rows(spec, text)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    for name in used:
        if names.count(name) != 1:
            fault = "has no column" if name not in names else "has twice the column"
            raise TrainError(f"{spec.data}: {fault} {name!r}; its first line, parted by commas, names {names}")
    where = [names.index(name) for name in used]
    lines: list[int] = []
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(names):
            raise TrainError(
                f"{spec.data}, line {line}: has {len(row)} fields, and the first line {len(names)}; correct it"
            )
        lines.append(line)
        values.append([_number(spec, line, names[position], row[position]) for position in where])
    return np.array(lines, dtype=np.int64), pd.DataFrame(values, columns=used, dtype=np.float64)


def _rows(spec: Spec, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:  # not a blank line
                yield reader.line_num, row
    except csv.Error as error:
        raise TrainError(f"{spec.data}, line {reader.line_num}: not CSV: {error}; correct it") from error


def _number(spec: Spec, line: int, column: str, cell: str) -> float:
    try:
        value = float(cell) if "_" not in cell else math.nan  # Python would read 1_000 as a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TrainError(
            f"{spec.data}, line {line}, column {column}: "
            f"expected a number, not {cell[:40]!r}; correct it or drop the row"
        )
    return value


def _check_input(spec: Spec, item: InputSpec, lines: Indices, values: Floats) -> None:
    if not item.categories:
        low, high = item.limits
        allowed = f"limits {low:g} to {high:g}"
        _refuse_first(spec, item.column, lines, values, (values < low) | (values > high), allowed)
        return
    allowed = "categories " + ", ".join(f"{code:g}" for code in item.categories)
    _refuse_first(spec, item.column, lines, values, ~np.isin(values, item.categories), allowed)
    for code in item.categories:
        if code not in values:
            raise TrainError(
                f"{spec.data}: column {item.column} never has the category {code:g}; what nothing is known of can't "
                f"be learnt, so take it out of {item.name}'s categories in {spec.file}"
            )


def _refuse_first(
    spec: Spec, column: str, lines: Indices, values: Floats, wrong: NDArray[np.bool_], allowed: str
) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise TrainError(
            f"{spec.data}, line {lines[first]}, column {column}: {values[first]:g} is outside the {allowed}; "
            f"correct the data, or {spec.file}"
        )
