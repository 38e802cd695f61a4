"""One row in JSON, as most requests have: read with no array, which takes longer than the model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from app.codecs.batch import JsonRows
from app.codecs.cells import CellReader
from app.codecs.input_names import ABSENT, InputNames
from app.codecs.json_strings import count_lost_strings, count_strings_of_rows

_NUMBERS, _WORDS = frozenset({int, float}), frozenset({str, bool})
_LONGEST = 1 << 14  # bytes of a body that is parsed to see whether it is one row


class JsonRowReader:
    """Reads rows of one model in which no value is missing, no text is new and no date stands for its parts.

    Returns None for any other row; the decoder then takes it.

    Args:
        inputs: the names and aliases of the model's inputs.
        readers: of their cells, in order.
    """

    def __init__(self, inputs: InputNames, readers: Sequence[CellReader]) -> None:
        self._names = tuple(inputs.names)
        self._inputs = inputs
        self._codes = [(position, reader.codes) for position, reader in enumerate(readers) if reader.takes_texts]

    def read(self, body: bytes) -> Sequence[float] | None:
        """Return the values of the row that a body is, by position, or by name in the inputs' order; else None."""
        if len(body) > _LONGEST:
            return None
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if type(data) is dict:
            cells = list(data.values())
            if tuple(data) != self._names or body.count(b'"') != 2 * (len(data) + list(map(type, cells)).count(str)):
                return None
            return self._encode(cells)
        return self._encode(data) if type(data) is list and len(data) == len(self._names) else None

    def read_located(self, rows: JsonRows, body: bytes, data: Any) -> Sequence[float] | None:
        """Return the values of the one row that a protocol found in what a body holds, by any names; else None."""
        row = rows.rows if rows.flat else rows.rows[0]
        if type(row) is dict:
            names, cells, in_row = tuple(row), list(row.values()), len(row)
        elif type(row) is list or type(row) is tuple:
            names, cells, in_row = tuple(rows.columns(self._names)), list(row), 0
        else:
            return None
        if b'"' in body and self._lost_strings(body, data, rows, in_row):
            return None
        if names != self._names:
            order = self._inputs.find_order(names, rows.allow_extra) if len(names) == len(cells) else None
            if order is None or ABSENT in order or not self._inputs.dates.keys().isdisjoint(names):
                return None
            cells = [cells[place] for place in order]
        return self._encode(cells) if len(cells) == len(self._names) else None

    def _lost_strings(self, body: bytes, data: Any, rows: JsonRows, names: int) -> int:
        """Return how many strings of the text were not kept: a member that appears twice leaves some."""
        if self._codes:
            return count_lost_strings(body, data)
        return count_strings_of_rows(body, data, rows.rows) - names  # of numbers, in less time

    def _encode(self, cells: list[Any]) -> Sequence[float] | None:
        """Put the codes of texts in their places; None if there is anything but numbers and known texts."""
        for position, codes in self._codes:
            code = codes.get(cells[position]) if type(cells[position]) in _WORDS else None
            if code is None:
                return None
            cells[position] = code
        return cells if _NUMBERS.issuperset(map(type, cells)) else None
