"""The inputs of a spec, from the columns of a file: their keys in `[[inputs]]`, and what to say of each key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from train.init.column import BOOLEAN, DATE, NUMBER, Column
from train.init.date_parts import NO_PARTS, date_parts
from train.init.limits import date_limits, input_limits, typical
from train.init.names import fit_name, human, is_alias
from train.init.redundancy import commonest, min_rows_of

INDICATOR_ROWS = 5  # as many missing values may teach something by being missing
_CLOSED = 10  # texts that are no more, and none of them rare, are probably all that there are
_TRUE = {"true", "yes", "y", "t", "on"}


@dataclass(frozen=True, slots=True)
class PlannedInput:
    """One of the `[[inputs]]`: its keys, and for some of them a comment."""

    column: Column
    content: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)


def plan_inputs(columns: Sequence[Column], label: Column) -> tuple[list[PlannedInput], str]:
    """Return the inputs that the columns become which are not left out, and the label's name."""
    taken = {column.name for column in columns}
    label_name = _name(label, columns, taken)
    planned = []
    for column in columns:
        if column is label or column.left_out:
            continue
        if column.kind == DATE:
            planned += _dates(column, taken)
        else:
            planned.append(_plan(column, _name(column, columns, taken)))
    return planned, label_name


def _name(column: Column, columns: Sequence[Column], taken: set[str]) -> str:
    """Return a name for a column, and take it."""
    position = next(number for number, other in enumerate(columns, 1) if other is column)
    name = fit_name(column.name, position, taken - {column.name})
    taken.add(name)
    return name


def _plan(column: Column, name: str) -> PlannedInput:
    content: dict[str, Any] = {"name": name}
    if name != column.name:
        content["column"] = column.name
        if is_alias(column.name):
            content["aliases"] = [column.name]
    content["label"] = human(column.name)
    comments: dict[str, str] = {}
    if column.kind == NUMBER:
        _add_number(content, comments, column)
    elif column.kind == BOOLEAN:
        levels = sorted(column.levels, key=lambda level: level.lower() in _TRUE)
        content |= {"categories": levels, "boolean": True, "example": commonest(column)}
    else:
        _add_texts(content, comments, column)
    _add_missing(content, comments, column)
    return PlannedInput(column, content, comments)


def _add_number(content: dict[str, Any], comments: dict[str, str], column: Column) -> None:
    known = column.values[~np.isnan(column.values)]
    if (known.min(), known.max()) == (0, 1) and np.isin(known, (0, 1)).all():
        content |= {"categories": [0, 1], "example": plain_number(typical(known))}
        return
    limits = input_limits(content["name"], known)
    content |= {
        "limits": [plain_number(limits.low), plain_number(limits.high)],
        "example": plain_number(typical(known)),
    }
    comments["limits"] = limits.why


def _add_texts(content: dict[str, Any], comments: dict[str, str], column: Column) -> None:
    least = min_rows_of(column)
    levels = sorted(level for level, count in column.levels.items() if count >= least)
    rare = len(column.levels) - len(levels)
    content["categories"] = levels
    if rare or len(levels) > _CLOSED:
        other = next((level for level in levels if level.lower() in ("other", "others")), "other")
        while other in column.words:
            other += " text"
        content |= {"other": other, "min_rows": least}
        if rare:
            rows = sum(count for level, count in column.levels.items() if level not in levels)
            comments["other"] = f"all other texts; in the data {rare} in {rows} rows, with fewer than {least} rows each"
    else:
        comments["categories"] = 'all texts of the data; add other = "other" to accept more'
    content["example"] = commonest(column)


def _add_missing(content: dict[str, Any], comments: dict[str, str], column: Column) -> None:
    missing = int(column.is_missing.sum())
    if missing or column.is_optional:
        content["missing"] = "mode" if "categories" in content else "median"
        if missing >= INDICATOR_ROWS:
            content["indicator"] = True
        rows = f"{missing} of {column.rows} rows" if missing else "rows without a label only"
        comments["missing"] = f"in {rows}"


def _dates(column: Column, taken: set[str]) -> list[PlannedInput]:
    """Return the parts of a date that can teach something; the column is left out if there are none."""
    parts = date_parts(column)
    if not parts:
        column.left_out = NO_PARTS
    planned = []
    for part, values in parts.items():
        name = fit_name(f"{column.name}_{part}", 1, taken)
        taken.add(name)
        limits = date_limits(part, values)
        content: dict[str, Any] = {"name": name, "column": column.name, "label": f"{human(column.name)}, {part}"}
        if part == "weekday":
            content["label"] += " (0 is Monday)"
        elif part == "days":
            content["unit"] = "days since 1970-01-01"
        content |= {"date": part, "date_format": column.date_format}
        content |= {
            "limits": [plain_number(limits.low), plain_number(limits.high)],
            "example": plain_number(typical(values)),
        }
        comments = {"limits": limits.why}
        _add_missing(content, comments, column)
        planned.append(PlannedInput(column, content, comments))
    return planned


def plain_number(value: float) -> int | float:
    """Return a whole number as an int, for a spec that people read."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value
