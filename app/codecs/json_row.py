"""One row of numbers in JSON, as most requests have: read with no array, which takes longer than the model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from app.codecs.batch import JsonRows
from app.codecs.input_names import InputNames
from app.codecs.json_strings import count_strings_of_rows

_NUMBERS = frozenset({int, float})
_LONGEST = 1 << 14  # bytes of a body that is parsed to see whether it is one row


class JsonRowReader:
    """Reads the rows of one model whose inputs are all numbers that have to be there.

    What it does not read may be wrong or right: the decoder says.

    Args:
        inputs: their names and aliases.
    """

    def __init__(self, inputs: InputNames) -> None:
        self._inputs = inputs
        self._names = tuple(inputs.names)

    def read(self, body: bytes) -> Sequence[float] | None:
        """Return the row that a body is, by position, or by name in the inputs' order; else None."""
        if len(body) > _LONGEST:
            return None
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if type(data) is dict:
            # A member that appears twice leaves a name in the text that nothing kept.
            if tuple(data) != self._names or body.count(b'"') != 2 * len(data):
                return None
            data = list(data.values())
        elif type(data) is not list or len(data) != len(self._names):
            return None
        return data if _NUMBERS.issuperset(map(type, data)) else None

    def read_located(self, rows: JsonRows, body: bytes, data: Any) -> Sequence[float] | None:
        """Return the one row that a protocol found in what a body holds, by position or by any names; else None."""
        row = rows.rows if rows.flat else rows.rows[0]
        names: Sequence[str]
        cells: Sequence[float]
        named = type(row) is dict
        if named:
            names, cells = tuple(row), list(row.values())
        elif type(row) is list or type(row) is tuple:
            names, cells = rows.columns(self._names), row
        else:
            return None
        in_order = names == self._names
        order = self._inputs.in_order if in_order else self._inputs.find_order(names, rows.allow_extra)
        if order is None or len(cells) != len(names) or not _NUMBERS.issuperset(map(type, cells)):
            return None
        if b'"' in body and count_strings_of_rows(body, data, rows.rows) != len(names) * named:
            return None
        return cells if in_order else [cells[place] for place in order]
