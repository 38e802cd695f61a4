"""The close look at rows that are not quite regular: every number that is there, and what is wrong with all the rest.

Knows the inputs' names, and not their limits. It is slow, and nearly no request comes here (decode).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.codecs.batch import Rows, Table, Values
from app.codecs.json_strict import Pairs, kind, shown
from app.errors import FieldError

_NAMED = 20  # columns that a message names
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Examiner:
    """Examines rows for one model.

    Args:
        inputs: their names, in order.
        positions: which input each name or alias is.
        expected: what a row looks like, in words.
    """

    def __init__(self, inputs: Sequence[str], positions: Mapping[str, int], expected: str) -> None:
        self._inputs = inputs
        self._positions = positions
        self._expected = expected

    def examine(self, found: Rows) -> Table:
        """The numbers of rows of JSON in which every number is a float and every object is Pairs, and the problems."""
        rows = found.rows
        if found.flat:
            width = len(found.columns(self._inputs))
            rows = [rows[start : start + width] for start in range(0, len(rows), width)]
        values = np.full((len(rows), len(self._inputs)), math.nan)
        problems: list[FieldError] = []
        for index, row in enumerate(rows):
            problems += self._row(index, row, found, values[index])
        return Table(values, problems)

    def _row(self, index: int, row: Any, found: Rows, values: Values) -> list[FieldError]:
        if not isinstance(row, list | tuple):
            return [FieldError(index, "", f"expected {self._expected} or an object of inputs, not {kind(row)}")]
        problems: list[FieldError] = []
        if not isinstance(row, Pairs):
            names = found.columns(self._inputs)
            if len(row) > len(names) or (found.names is not None and len(row) < len(names)):
                problems.append(
                    FieldError(index, "", f"expected {len(names)} values ({listed(names)}), got {len(row)}")
                )
            row = Pairs(zip(names, row, strict=False))
        seen: set[int] = set()
        for name, cell in row:
            position = self._positions.get(name)
            if position is None:
                if not found.others:
                    message = f"no such input; the inputs are {listed(self._inputs)}"
                    problems.append(FieldError(index, shown(name), message))
            elif position in seen:
                problems.append(FieldError(index, self._inputs[position], "given twice"))
            else:
                seen.add(position)
                problems += self._cell(index, position, cell, values)
        missing = [name for position, name in enumerate(self._inputs) if position not in seen]
        return problems + [FieldError(index, name, "is missing") for name in missing]

    def _cell(self, index: int, position: int, cell: Any, values: Values) -> list[FieldError]:
        if type(cell) is not float:
            message = f"expected a number, not {kind(cell)}" if cell != "" else "is missing"
        elif not math.isfinite(cell):
            message = "NaN is not a number to predict from" if math.isnan(cell) else "is too large to be a number here"
        else:
            values[position] = cell
            return []
        return [FieldError(index, self._inputs[position], message)]


def listed(names: Sequence[str]) -> str:
    """Columns' names, as they can stand in a message."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(shown, names[:_NAMED])) + more


def typed_number(text: str) -> float | str:
    """A number as a person or a CSV file writes it; the text, if it is none."""
    text = text.strip()
    return float(text) if _DECIMAL.fullmatch(text) else text
