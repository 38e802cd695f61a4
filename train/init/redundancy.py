"""Columns that teach a model nothing: constant ones, copies of others, row numbers and other keys, and free text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from train.dataset import Floats
from train.init.column import BOOLEAN, DATE, NUMBER, TEXT, Column
from train.init.date_parts import NO_PARTS, date_parts
from train.init.levels import min_rows_of

MIN_OTHER = 5  # rows that must differ from the commonest value; with fewer, a fold or the test rows may have none
MOSTLY_EMPTY = 0.99  # the share of missing values from which on a column says nothing
_KEY = re.compile(
    r"(.*[ _.-])?(id|ids|uuid|guid|key|index|idx|pid|rownames|row[ _.]?(names?|num(ber)?s?|no|id)|nr|no|number|"
    r"unnamed: ?0|\.\.\.1)",
    re.IGNORECASE,
)
_CAMEL_ID = re.compile(r".*[a-z](ID|Id|UUID|Key)")
_YEARS = (1000, 2200)


def find_keys(columns: Sequence[Column], label: Column) -> None:
    """Say of each column that numbers the rows, or names them, that it is left out. Needs all rows of the file."""
    for column in columns:
        if column is not label and not column.left_out:
            column.judge(_key(column))


def find_useless(columns: Sequence[Column], label: Column) -> None:
    """Say of each other column that teaches nothing why it is left out. Needs the rows that have a label."""
    used = [column for column in columns if column is not label and not column.left_out]
    for column in used:
        column.judge(_nearly_empty(column) or _hardly_differs(column) or _rare_texts(column))
    used.sort(key=lambda column: not column.is_wanted)  # of two that tell the same, the wanted one stays
    seen: dict[bytes, Column] = {}
    for column in used:
        if not column.left_out:
            other = seen.setdefault(_fingerprint(column), column)
            if other is not column:
                column.judge(f"it is a copy of {other.name}")
    _find_rescaled([column for column in used if column.kind == NUMBER and not column.left_out])


def why_no_input(column: Column) -> str:
    """Return why no input can be made of a column, whoever wants it; empty if one can. Needs the rows with a label."""
    if column.left_out and not column.is_judged:
        return column.left_out
    least = min_rows_of(column)
    if column.kind == TEXT and not any(count >= least for count in column.levels.values()):
        return f"none of its texts is in {least} rows or more"
    if column.kind == DATE and not date_parts(column):
        return NO_PARTS
    return _constant(column)


def _nearly_empty(column: Column) -> str:
    missing, rows = int(column.is_missing.sum()), column.rows
    return f"{missing} of {rows} values are missing" if missing > MOSTLY_EMPTY * rows else ""


def _constant(column: Column) -> str:
    return "" if _differ(column) else _one_value(column)


def _hardly_differs(column: Column) -> str:
    differ = _differ(column)
    if differ == 0:
        return _one_value(column)
    if differ < MIN_OTHER and int(column.is_missing.sum()) < MIN_OTHER:
        return f"it is nearly constant: {differ} of {column.rows} rows differ"
    return ""


def _one_value(column: Column) -> str:
    return "it has one value only, where it has any" if column.is_missing.any() else "it is constant"


def _differ(column: Column) -> int:
    """Return how many rows have another value than most rows."""
    if column.kind in (TEXT, BOOLEAN):
        counts = list(column.levels.values())
    else:
        # As the model sees it: in float32.
        _, numbers = np.unique(column.values[~column.is_missing].astype(np.float32), return_counts=True)
        counts = numbers.tolist()
    return sum(counts) - max(counts, default=0)


def _key(column: Column) -> str:
    named = bool(_KEY.fullmatch(column.name) or _CAMEL_ID.fullmatch(column.name)) or not column.name
    rows = column.rows
    if column.kind == NUMBER:
        values = column.values
        if np.isnan(values).any() or (values % 1).any():
            return ""
        steps = np.diff(values)
        is_year = _YEARS[0] <= values.min() and values.max() <= _YEARS[1]
        if (steps == 1).all() and (named or not is_year):
            return "it is a row number"
        if named and len(np.unique(values)) > 0.5 * rows:
            return "it is a key: nearly every row has its own"
    elif column.kind == TEXT:
        different = len(column.levels)
        if different == rows or (named and different > 0.5 * rows):
            return f"it is a key or free text: {different} of {rows} rows have their own"
    return ""


def _rare_texts(column: Column) -> str:
    if column.kind != TEXT:
        return ""
    rows = column.rows
    least = min_rows_of(column)
    common = [count for count in column.levels.values() if count >= least]
    if sum(common) < max(0.1 * sum(column.levels.values()), least):
        return (
            f"it is free text, or its texts are too rare: {len(column.levels)} different ones, "
            f"{len(common)} of them in {least} rows or more"
        )
    words = sum(len(level.split()) * count for level, count in column.levels.items()) / max(
        sum(column.levels.values()), 1
    )
    if words > 6 and len(column.levels) > 0.5 * rows:
        return f"it is free text: {words:.0f} words a row, {len(column.levels)} different texts"
    return ""


def _fingerprint(column: Column) -> bytes:
    """Return bytes that are the same for columns that tell the same: equal numbers, or texts that differ alike."""
    if column.kind in (NUMBER, DATE):
        return column.values.tobytes()
    order: dict[str, int] = {"": 0}
    texts = (text if text in column.levels else "" for text in column.cells.texts)
    places = np.array([order.setdefault(text, len(order)) for text in texts], dtype=np.int32)
    return places[column.cells.codes].tobytes()


def _find_rescaled(columns: Sequence[Column]) -> None:
    """Leave out numbers that are another column times a constant, plus a constant."""
    groups: dict[bytes, list[tuple[Column, Floats]]] = {}
    for column in columns:
        known = column.values[~np.isnan(column.values)]
        spread = float(np.std(known))
        if not spread > 0:
            continue
        scaled = (column.values - known.mean()) / spread
        scaled *= np.sign(scaled[np.flatnonzero(np.abs(np.nan_to_num(scaled)) > 1e-3)[0]])
        others = groups.setdefault(np.isnan(scaled).tobytes(), [])
        same = next((other for other, known in others if np.nanmax(np.abs(known - scaled)) < 1e-6), None)
        if same is not None:
            column.judge(f"it is {same.name} times a constant, plus a constant")
        others.append((column, scaled))
