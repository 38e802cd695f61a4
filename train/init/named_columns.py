"""The columns that the person names: the label, and those that must be inputs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from train.dataset import MIN_ROWS
from train.errors import TrainError
from train.init.column import EMPTY, NUMBER, Column
from train.init.column_types import Table
from train.init.plain_numbers import shown
from train.init.redundancy import find_keys


def find_label(path: Path, table: Table, name: str) -> Column:
    """Return the column of the label.

    Raises:
        TrainError: if it is no column of numbers.
    """
    label = _find(str(path), table, name)
    if label.kind == EMPTY:
        raise TrainError(f"{path}, column {name}: the label has no values")
    if label.left_out:
        raise TrainError(f"{path}, column {name}: the label can't be read: {label.left_out}")
    if label.kind != NUMBER:
        first = next(iter(label.levels), label.cells.texts[0])
        raise TrainError(
            f"{path}, column {name}: the label holds {'dates' if label.kind == 'date' else 'texts'}, such as "
            f"{first[:40]!r}; a regression predicts numbers: choose another column, or write numbers"
        )
    return label


def mark_wanted(path: Path, table: Table, label: Column, names: Sequence[str]) -> None:
    """Mark the columns that the person wants as inputs.

    Raises:
        TrainError: if one is not there, or is the label.
    """
    for name in names:
        column = _find(f"--keep {name}: {path}", table, name)
        if column is label:
            raise TrainError(f"--keep {name}: it is the label, which is no input; take it out of one of the two")
        column.is_wanted = True


def drop_unlabelled(path: Path, table: Table, label: Column) -> int:
    """Drop the rows without a label from all columns. Return how many there were.

    Raises:
        TrainError: if too few are left, or all have the same label.
    """
    find_keys(table.columns, label)  # a row number has no gaps in the whole file only
    known = ~label.is_missing
    if known.sum() < MIN_ROWS:
        raise TrainError(f"{path}: {known.sum()} rows have a label; a training needs at least {MIN_ROWS}")
    if not known.all():
        for column in table.columns:
            column.keep(known)
    if np.ptp(label.values.astype(np.float32)) == 0:
        raise TrainError(
            f"{path}, column {label.name}: the label is {shown(label.values[0])} in every row, so there is nothing to "
            "learn"
        )
    return int(np.sum(~known))


def _find(where: str, table: Table, name: str) -> Column:
    """Return the column of this name.

    Args:
        where: how an error begins.

    Raises:
        TrainError: if there is none, or more than one.
    """
    found = [column for column in table.columns if column.name == name]
    if len(found) != 1:
        names = [column.name for column in table.columns]
        if found:
            raise TrainError(f"{where}: {len(found)} columns are called {name!r}; name all columns with --columns")
        near = get_close_matches(name, names, 1) or [other for other in names if other.lower() == name.lower()]
        meant = f"was {near[0]!r} meant?" if near else f"it has {', '.join(names[:50])}"
        raise TrainError(f"{where}: has no column {name!r}; {meant}")
    return found[0]
