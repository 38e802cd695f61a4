"""Rows read cell by cell, to say what is wrong with them: an error for each cell.

It is slow, and nearly no request comes here: see json_decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.codecs.batch import Float64Vector, InputBatch, JsonRows
from app.codecs.cells import CellReader
from app.codecs.date_cells import DateCells, positions_of
from app.codecs.input_names import InputNames
from app.codecs.json_strict import MAX_COMPARED, ObjectPairs, excerpt, join_names, json_type, note
from app.errors import MAX_ERRORS, FieldError


class StrictDecoder:
    """Reads rows for one model cell by cell. Knows the inputs' names, not their limits.

    Args:
        inputs: which input a name is.
        expected: what a row looks like, in words.
        readers: read a cell of each input, in order.
    """

    def __init__(self, inputs: InputNames, expected: str, readers: Sequence[CellReader]) -> None:
        self._inputs = inputs
        self._names = inputs.names
        self._expected = expected
        self._readers = readers

    def decode(self, json_rows: JsonRows, remedy: str = "") -> InputBatch:
        """Return the values of rows in which every number is a float and every object ObjectPairs, and the errors.

        A DialectError in place of a number says why there is none. After MAX_ERRORS errors no further row is looked at.

        Args:
            remedy: what the message about a name that is no input may add.
        """
        rows, width = json_rows.rows, len(json_rows.columns(self._names))
        if json_rows.flat:
            rows = [rows[start : start + width] for start in range(0, len(rows), width)]
        values = np.full((len(rows), len(self._names)), math.nan)
        errors: list[FieldError] = []
        warnings: list[FieldError] = []
        for index, row in enumerate(rows):
            compare = len(errors) < MAX_COMPARED
            errors += self._decode_row(index, row, json_rows, values[index], warnings, remedy, compare)
            if len(errors) >= MAX_ERRORS:
                break
        return InputBatch(values, errors, warnings, self._find_dated(json_rows) if self._inputs.dates else frozenset())

    def _find_dated(self, json_rows: JsonRows) -> frozenset[int]:
        """Return the inputs whose values came in dates, or in no way, in every row."""
        names: set[str] = set()
        for row in json_rows.rows:
            names.update([name for name, _ in row] if isinstance(row, ObjectPairs) else json_rows.columns(self._names))
        return positions_of(self._inputs.find_dates(names))

    def _decode_row(
        self,
        index: int,
        row: Any,
        json_rows: JsonRows,
        values: Float64Vector,
        warnings: list[FieldError],
        remedy: str,
        compare: bool,
    ) -> list[FieldError]:
        if not isinstance(row, list | tuple):
            return [FieldError(index, "", f"expected {self._expected} or an object of inputs, not {json_type(row)}")]
        errors: list[FieldError] = []
        optional = self._inputs.optional
        if not isinstance(row, ObjectPairs):
            names = json_rows.columns(self._names)
            optional = optional if json_rows.names is not None else frozenset()  # a short row may lack any of them
            if len(row) > len(names) or (json_rows.names is not None and len(row) < len(names)):
                message = f"expected {len(names)} values ({join_names(names)}), got {len(row)}"
                errors.append(FieldError(index, "", message))
            row = ObjectPairs(zip(names, row, strict=False))
        seen: set[int] = set()
        found = self._inputs.find([name for name, _ in row], json_rows.allow_extra)
        for (name, cell), positions in zip(row, found, strict=True):
            if not positions:
                if not json_rows.allow_extra and len(errors) < MAX_ERRORS:
                    message = f"no such input; the inputs are {join_names(self._inputs.names_with_dates)}{remedy}"
                    errors.append(FieldError(index, excerpt(name), message))
                continue
            if twice := seen.intersection(positions):
                errors.append(self._inputs.note_twice(index, min(twice), name))
            elif name in self._inputs.dates:
                self._decode_date(index, self._inputs.dates[name], cell, values, errors)
            else:
                values[positions[0]], message = value, _ = self._readers[positions[0]].read(cell, compare)
                if message:
                    note(index, self._names[positions[0]], value, message, errors, warnings)
            seen.update(positions)
        if row and not seen and not errors:
            optional = frozenset()  # values that are there, but none under the name of an input, are no missing ones
        return errors + self._inputs.find_absent(index, seen, optional)

    def _decode_date(
        self, index: int, date: DateCells, cell: Any, values: Float64Vector, errors: list[FieldError]
    ) -> None:
        parts, message = date.read(cell)
        values[list(date.positions)] = parts
        if message:
            errors.append(date.error(index, message))
