"""Rows with texts and missing values, decoded column by column: as quick as numbers allow, where nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.codecs.batch import Float64Matrix, InputBatch
from app.codecs.cells import CellReader, Column
from app.codecs.date_cells import DateCells, positions_of
from app.codecs.input_names import ABSENT
from app.codecs.json_strict import MAX_COMPARED, note
from app.errors import FieldError


class ColumnDecoder:
    """Decodes the columns of one model. May be used by several threads.

    Args:
        names: of the inputs, in order.
        readers: of their cells.
    """

    def __init__(self, names: Sequence[str], readers: Sequence[CellReader]) -> None:
        self._names = names
        self._readers = readers

    def decode(
        self, cells: Sequence[Any], width: int, order: Sequence[int], dates: Sequence[DateCells] = ()
    ) -> InputBatch | None:
        """Decode JSON values, row by row, each with so many.

        Args:
            order: at which place of a row each input is, or ABSENT.
            dates: the columns of dates whose parts are not there themselves.

        Returns:
            None if there is an error, or something irregular that may be one.
        """
        values = np.full((len(cells) // width, len(order)), math.nan)
        warnings: list[FieldError] = []
        dated = positions_of(dates)
        for date in dates:
            place = order[date.positions[0]]
            parts = None if place == ABSENT else date.read_column(cells[place::width])
            if place != ABSENT and parts is None:
                return None
            values[:, date.positions] = math.nan if parts is None else parts
        for position, place in enumerate(order):
            if place != ABSENT and position not in dated:
                column = self._readers[position].read_column(cells[place::width])
                if column is None:
                    return None
                self._take(position, column, values, warnings)
        return InputBatch(values, [], warnings, dated)

    def decode_csv(self, columns: Sequence[Sequence[str]], dates: Sequence[DateCells] = ()) -> InputBatch:
        """Decode columns of the cells of a CSV text, inputs in order. All errors are found, however many there are.

        Args:
            dates: the columns of dates whose parts are not there themselves; each is there for each of its parts.
        """
        values = np.full((len(columns[0]), len(self._names)), math.nan)
        errors: list[FieldError] = []
        warnings: list[FieldError] = []
        dated = positions_of(dates)
        for date in dates:
            values[:, date.positions], problems = date.read_texts(columns[date.positions[0]])
            errors += problems
        for position, (reader, cells) in enumerate(zip(self._readers, columns, strict=True)):
            if position in dated:
                continue
            column = reader.read_csv_column(cells)
            if column is not None:
                self._take(position, column, values, warnings)
                continue
            before = len(errors)
            for row, cell in enumerate(cells):
                values[row, position], message = value, _ = reader.read(
                    reader.parse(cell), len(errors) - before < MAX_COMPARED
                )
                if message:
                    note(row, self._names[position], value, message, errors, warnings)
        return InputBatch(values, sorted(errors, key=lambda error: error.row), warnings, dated)

    def _take(self, position: int, column: Column, values: Float64Matrix, warnings: list[FieldError]) -> None:
        values[:, position], messages = column
        name = self._names[position]
        warnings += [FieldError(row, name, message, "other") for row, message in messages.items()]
