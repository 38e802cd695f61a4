"""Files as people have them are read right, or refused with a reason; never wrong in silence.

Each way of writing a file is tried with six tables whose true values are known.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from tests.train.init.wild_files import WAYS, Way
from tests.train.init.wild_tables import TABLES, Table, Value
from train.errors import TrainError
from train.init.column import BOOLEAN, DATE, NUMBER, Column
from train.init.column_types import read_table
from train.init.sniffer import Answers, sniff

CASES = [(way, table) for way in WAYS for table in TABLES]
TRUE = {"yes", "true", "t", "TRUE", "1"}


def read(folder: Path, way: Way, table: Table) -> tuple[list[Column], Table, str]:
    """Write a file and read it as `init` does.

    Returns:
        its columns without rows that have no label; the truth; and why it is refused, which is empty if it is not.
    """
    content, truth = way.file(table)
    file = folder / "wild.csv"
    file.write_bytes(content)
    try:
        form = sniff(file, content, truth.label, Answers(columns=truth.names if way.columns else ())).form
        columns = read_table(file, form).columns
    except TrainError as error:
        return [], truth, str(error)
    label = next((column for column in columns if column.name == truth.label), None)
    if label is None or label.left_out or label.kind != NUMBER:
        return [], truth, f"{file}: {truth.label} is no column of numbers: {label and label.left_out}"
    labelled = ~np.isnan(label.values)
    for column in columns:
        column.keep(labelled)
    return columns, truth, ""


def values(column: Column) -> list[Value]:
    """Return the values of a column as the model's rows will stand for them."""
    if column.kind in (NUMBER, DATE):
        return [None if math.isnan(value) else float(value) for value in column.values]
    known = [cell if cell in column.levels else None for cell in column.cells]
    return [None if cell is None else cell.lower() in TRUE for cell in known] if column.kind == BOOLEAN else known


def same(found: Value, true: Value) -> bool:
    """Say whether a value was read right: a number, or the text of it; of a date its day since 1970, or its text."""
    if true is None or found is None:
        return found in (None, "-", "None")  # among texts, they may be one
    if isinstance(true, dt.date) and not isinstance(found, str):
        return float(found) == true.toordinal() - dt.date(1970, 1, 1).toordinal()
    if isinstance(true, dt.date):
        return True  # kept as a text
    if isinstance(true, bool):
        return bool(found) == true if not isinstance(found, str) else found in ("no", "yes")
    if isinstance(true, str) or isinstance(found, str):
        return found in (true, f"{true} km")  # few numbers with a unit are levels, such as "4 doors"
    return math.isclose(found, true, rel_tol=1e-9)


def wrong(columns: list[Column], truth: Table) -> list[str]:
    """Return what was read wrong in columns that the model would use."""
    rows = columns[0].rows
    if rows != len(truth.rows):
        return [f"{rows} rows, not {len(truth.rows)}"]
    told = []
    for name in truth.names:
        column = next((column for column in columns if column.name == name), None)
        if truth.names.count(name) > 1 or column is None or column.left_out:
            continue
        if column.thousands:  # 1.234: thousands would be read wrong, but not in silence
            continue
        pairs = list(zip(values(column), truth.column(name), strict=True))
        told += [f"{name}: {found!r}, not {true!r}" for found, true in pairs if not same(found, true)][:1]
    return told


@pytest.mark.parametrize(("way", "table"), CASES, ids=[f"{way.name}-{table.name}" for way, table in CASES])
def test_a_file_is_read_right_or_refused(way: Way, table: Table, tmp_path: Path) -> None:
    columns, truth, refusal = read(tmp_path, way, table)
    if refusal:
        assert not way.read, refusal
        assert "wild.csv" in refusal
    else:
        assert wrong(columns, truth) == []
    if way.read:
        assert [column.name for column in columns if column.name in truth.names and column.left_out] == []
