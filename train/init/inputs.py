"""The inputs of a spec, from the columns of a file: their keys in `[[inputs]]`, and what to say of each key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from registry.signature import is_sendable
from train.init.column import BOOLEAN, DATE, NUMBER, Column
from train.init.date_parts import NO_PARTS, date_parts, teller_of
from train.init.levels import commonest, min_rows_of
from train.init.limits import Limits, date_limits, input_limits, typical
from train.init.names import fit_name, free_name, human
from train.init.plain_numbers import plain_number, shortest
from train.spec.booleans import false_first

INDICATOR_ROWS = 5  # as many missing values may teach something by being missing
_CLOSED = 10  # texts that are no more, and none of them rare, are probably all that there are


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
            used = [other for other in columns if other is not label and not other.left_out]
            planned += _dates(column, fit_name(column.name, _position(column, columns), ()), used, taken)
        else:
            planned.append(_plan(column, _name(column, columns, taken)))
    return planned, label_name


def _name(column: Column, columns: Sequence[Column], taken: set[str]) -> str:
    """Return a name for a column, and take it."""
    name = fit_name(column.name, _position(column, columns), taken - {column.name})
    taken.add(name)
    return name


def _position(column: Column, columns: Sequence[Column]) -> int:
    return next(number for number, other in enumerate(columns, 1) if other is column)


def _plan(column: Column, name: str) -> PlannedInput:
    content: dict[str, Any] = {"name": name}
    if name != column.name:
        content["column"] = column.name
        if is_sendable(column.name):
            content["aliases"] = [column.name]
    content["label"] = human(column.name)
    comments: dict[str, str] = {}
    if column.kind == NUMBER:
        _add_number(content, comments, column)
    elif column.kind == BOOLEAN:
        content |= {"categories": false_first(column.levels), "boolean": True, "example": commonest(column)}
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
        "example": plain_number(_within(shortest(typical(known)), limits)),
    }
    comments["limits"] = limits.why


def _within(value: float, limits: Limits) -> float:
    return min(max(value, limits.low), limits.high)


def _add_texts(content: dict[str, Any], comments: dict[str, str], column: Column) -> None:
    least = min_rows_of(column)
    levels = sorted(level for level, count in column.levels.items() if count >= least)
    rare = len(column.levels) - len(levels)
    content["categories"] = levels
    if rare or len(levels) > _CLOSED:
        other = next((level for level in levels if level.lower() in ("other", "others")), "other")
        content |= {"other": other, "min_rows": least}
        if rare:
            rows = sum(count for level, count in column.levels.items() if level not in levels)
            comments["other"] = (
                f"all other texts; in the data they are {rare}, each in fewer than {least} rows, {rows} in all"
            )
    else:
        comments["categories"] = 'all texts of the data; add other = "other" to accept more'
    content["example"] = commonest(column)


def _add_missing(content: dict[str, Any], comments: dict[str, str], column: Column) -> None:
    missing = int(column.is_missing.sum())
    if missing or column.is_optional:
        content["missing"] = "mode" if "categories" in content else "median"
        if missing >= INDICATOR_ROWS:
            content["indicator"] = True
        some = f"no value in {missing} of {column.rows} rows"
        comments["missing"] = some if missing else "only rows without a label have no value"


def _label(column: Column, part: str) -> str:
    label = human(column.name)
    return label if label.lower().split()[-1] == part else f"{label}, {part}"


def _dates(column: Column, prefix: str, used: Sequence[Column], taken: set[str]) -> list[PlannedInput]:
    """Return the parts of a date that can teach something; the column is left out if there are none."""
    parts = date_parts(column)
    if not parts:
        column.left_out = NO_PARTS
    tellers = {}
    if not (column.is_wanted or column.is_missing.any()):
        tellers = {part: teller for part, values in parts.items() if (teller := teller_of(part, values, used))}
    told = " and ".join(f"{teller.name} tells its {part}" for part, teller in tellers.items())
    parts = {part: values for part, values in parts.items() if part not in tellers}
    if parts:
        column.note = told
    else:
        column.judge(told)
    planned = []
    for part, values in parts.items():
        name = free_name(f"{prefix}_{part}", taken)
        taken.add(name)
        limits = date_limits(part, values)
        content: dict[str, Any] = {"name": name, "column": column.name, "label": _label(column, part)}
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
