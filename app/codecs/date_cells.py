"""The cells of a date column, as clients send them: each becomes a value of every input that is a part of the date."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.codecs.batch import Float64Matrix
from app.codecs.json_strict import json_type
from app.errors import FieldError
from registry import DateColumn, Input, plain

Parts = tuple[float, ...]  # the value of each part, NaN where there is no date
_CELLS = {str, int, float, type(None)}  # the types of JSON values that may be a date or none, all hashable


class DateCells:
    """Reads the cells of one date column. May be used by several threads.

    Args:
        inputs: of the model, in order.

    Attributes:
        name: of the column.
        positions: of the inputs that are its parts.
        placeholder: a cell that passes.
    """

    def __init__(self, column: DateColumn, inputs: Sequence[Input]) -> None:
        self.name = column.name
        self.positions = column.positions
        self._first = inputs[column.positions[0]].name
        self.placeholder = column.format_date(column.example)
        self._column = column
        self._expected = f"expected {column.expected}"
        self._nothing: Parts = (math.nan,) * len(column.positions)

    def read(self, cell: Any) -> tuple[Parts, str]:
        """Read a JSON value, or a text: the value of each part, and what is wrong.

        NaN with a message is an error, NaN alone a missing value.
        """
        is_number = type(cell) in (int, float)
        word = cell.strip() if isinstance(cell, str) else cell if is_number else None
        if cell is None or word == "" or word in self._column.no_value:
            return self._nothing, "" if self._column.is_optional else "is missing"
        text = plain(cell) if is_number and self._column.takes_numbers else word
        parts = self._column.parse(text) if isinstance(text, str) else None
        if parts is None:
            return self._nothing, f"{self._expected}, not {json_type(cell)}"
        return parts, ""

    def error(self, row: int, message: str) -> FieldError:
        """Return what is wrong with the date of a row."""
        return FieldError(row, self._first, message, column=self.name)

    def read_column(self, cells: Sequence[Any]) -> Float64Matrix | None:
        """Read JSON values: float64 (n, parts), NaN where a date is missing; None if there is an error among them."""
        values, errors = self.read_texts(cells) if set(map(type, cells)) <= _CELLS else (None, ())
        return None if errors else values

    def read_texts(self, cells: Sequence[Any]) -> tuple[Float64Matrix, list[FieldError]]:
        """Read cells, each text once: float64 (n, parts), NaN where there is no date; and what is wrong with some."""
        known = {cell: self.read(cell) for cell in set(cells)}
        values = np.array([known[cell][0] for cell in cells])
        if not any(message for _, message in known.values()):
            return values, []
        return values, [self.error(row, known[cell][1]) for row, cell in enumerate(cells) if known[cell][1]]


def positions_of(dates: Sequence[DateCells]) -> frozenset[int]:
    """Return the inputs that are parts of dates."""
    return frozenset(position for date in dates for position in date.positions)
