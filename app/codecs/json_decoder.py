"""From JSON and forms to a batch of values: names and aliases, positions, and what is none.

A protocol says where in a body its rows are (:class:`JsonRows`). A regular body, as nearly all are, goes through in a
few passes in C. Any other is parsed once more, slowly, to say what is wrong and where (strict_decoder).

orjson is quick, but keeps only the last of two members with one name, and stops at a NaN without saying where. So what
it read counts only if it holds as many strings as the text (json_strings).
"""

from __future__ import annotations

import struct
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import orjson

from app.codecs.batch import Float64Matrix, InputBatch, JsonRows, to_float64
from app.codecs.cells import make_reader
from app.codecs.columns import ColumnDecoder
from app.codecs.input_names import InputNames
from app.codecs.json_layouts import JsonLayouts
from app.codecs.json_matrix import parse_matrix
from app.codecs.json_row import JsonRowReader
from app.codecs.json_strict import ObjectPairs, parse_strict
from app.codecs.json_strings import count_lost_strings, count_strings_of_rows
from app.codecs.strict_decoder import StrictDecoder
from app.errors import MalformedRequest, ServingError, TooLarge
from registry import Signature

Extra = TypeVar("Extra")
Located = tuple[JsonRows | Float64Matrix, Extra]


class JsonDecoder:
    """Decodes requests for one model. Knows the inputs' names, not their limits. May be used by several threads.

    Attributes:
        names: of the inputs, in order.
        inputs: which input a name in a request is.
        accepted: all names that a client may use.
        number_names: those of the inputs that are numbers.
        text_columns: the positions of the inputs whose cells are texts.
        columns: decodes rows column by column.
        words: the texts that mean that an input has no value.
        readers: of the inputs' cells, in order.
        is_mixed: whether rows may have texts or dates, or miss values; if not, each input is a number that has to be
            there.
        texts: by position, the text of each value of an input that the log shows as one.
        layouts: where the model's rows are in a JSON value.
    """

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self.names = signature.names
        self.inputs = InputNames(signature)
        positions = self.inputs.positions
        self.accepted = self.inputs.accepted
        self._max_rows = max_rows
        row = f"a row like {signature.example_json}"
        self._expected = f"expected {row}, an object of inputs, or a list of rows"
        self.layouts = JsonLayouts(self.accepted, self._expected)
        self.readers = [make_reader(item) for item in signature.inputs]
        self.text_columns = frozenset(i for i, reader in enumerate(self.readers) if reader.takes_texts)
        self.number_names = {name for name, i in positions.items() if i not in self.text_columns}
        self.words = frozenset(word for item in signature.inputs if item.missing for word in item.missing.texts)
        self.columns = ColumnDecoder(self.names, self.readers)
        self.is_mixed = bool(self.text_columns or self.inputs.optional or self.inputs.dates)
        self.texts = {i: item.texts for i, item in enumerate(signature.inputs) if item.texts}
        self._row_reader = JsonRowReader(self.inputs, self.readers)
        self._strict = StrictDecoder(self.inputs, row, self.readers)

    def decode_rows(self, body: bytes, allow_extra: bool = False, remedy: str = "") -> tuple[InputBatch, bool]:
        """Decode one row, by position or by name, or several in any layout.

        Args:
            allow_extra: whether there may be members or columns that are no input, to be left out.
            remedy: what the message about such a name may add, where it is refused.

        Returns:
            the batch, and whether it was one row on its own.

        Raises:
            MalformedRequest: if it is not JSON or has no accepted shape.
            TooLarge: if there are too many rows.
        """
        if not body.startswith((b"[[", b"[{")) and (numbers := self._row_reader.read(body)) is not None:
            return InputBatch(None, numbers=numbers), True
        has_matrix = body.startswith(b"[[") and not self.text_columns
        cells = parse_matrix(body, len(self.names)) if has_matrix else None
        if cells is not None:
            values = to_float64(cells).reshape(-1, len(self.names))
            self.check_row_count(len(values))
            return InputBatch(values), False
        return self.decode_document(body, lambda data: self._locate_rows(data, allow_extra), self._expected, remedy)

    def decode_document(
        self, body: bytes, locate: Callable[[Any], Located[Extra]], expected: str = "expected JSON", remedy: str = ""
    ) -> tuple[InputBatch, Extra]:
        """Decode the rows of a JSON body.

        Args:
            locate: returns, for what a body holds, where its rows are, or their values as an array that came beside
                it, float64 (n, k); and what else the protocol reads there. Called a second time if the body is not
                regular: then every object is ObjectPairs, and every number a float.
            expected: what a body should be, in words.
            remedy: what a message about a name that is no input may add.

        Returns:
            the batch, and what else ``locate`` returned.

        Raises:
            MalformedRequest: if it is not JSON.
            TooLarge: if there are too many rows.
            ServingError: what ``locate`` raises.
        """
        body = body.removeprefix(BOM_UTF8)  # a byte order mark is no part of the text (RFC 8259, 8.1)
        try:
            data = orjson.loads(body)
            rows, extra = locate(data)
            batch = self._decode_regular(body, data, rows)
        except (orjson.JSONDecodeError, ServingError, RecursionError):
            # It may be only a NaN or a 1e400, or a body that is nested deep: the strict parser says what it is.
            batch = None
        if batch is not None:
            return batch, extra
        rows, extra = locate(parse_strict(body, expected))
        if isinstance(rows, np.ndarray):
            return self.decode_array(rows), extra
        self._check_rows(rows)
        return self._strict.decode(rows, remedy), extra

    def decode_form(self, pairs: Iterable[tuple[str, str]]) -> tuple[InputBatch, dict[str, str]]:
        """Decode one row from a form's fields, as names and texts. Other fields, like a button, are left out.

        Returns:
            the batch, and what was typed for each input, or for each column of dates.
        """
        known = [(name, text) for name, text in pairs if name in self.accepted]
        row = ObjectPairs((name, self._parse_typed(name, text)) for name, text in known)
        typed = {self._sent_name(name): text for name, text in reversed(known)}
        return self._strict.decode(JsonRows([row], allow_extra=True)), typed

    def _parse_typed(self, name: str, text: str) -> Any:
        return text if name in self.inputs.dates else self.readers[self.inputs.positions[name]].parse_typed(text)

    def _sent_name(self, name: str) -> str:
        return name if name in self.inputs.dates else self.names[self.inputs.positions[name]]

    def decode_array(self, values: Float64Matrix) -> InputBatch:
        """Decode what came as numbers, float64 (n, k): there may be NaN and infinities among them.

        Raises:
            TooLarge: if there are too many rows.
        """
        self.check_row_count(len(values))
        if np.isfinite(values).all() and not self.text_columns:
            return InputBatch(values)
        return self._strict.decode(JsonRows(values.tolist()))

    def check_row_count(self, count: int) -> None:
        """Check that there is a row, and that there are not too many.

        Raises:
            MalformedRequest: if there is none.
            TooLarge: if there are too many.
        """
        if not count:
            raise MalformedRequest(f"there is no row: {self._expected}")
        if count > self._max_rows:
            raise TooLarge(f"{count} rows are too many at once: send at most {self._max_rows}")

    def _locate_rows(self, data: Any, allow_extra: bool) -> Located[bool]:
        # Nearly all bodies are one row, which its first cell shows.
        cell = data
        if type(data) is list and data:
            cell = data[0]
        elif type(data) is dict and data:
            cell = next(iter(data.values()))
        if cell is data or isinstance(cell, (list, dict)):
            return self.layouts.locate(data, allow_extra)
        return JsonRows([data], None, False, allow_extra), True

    def _check_rows(self, rows: JsonRows) -> None:
        self.check_row_count(len(rows.rows) // len(rows.columns(self.names)) if rows.flat else len(rows.rows))

    def _decode_regular(self, body: bytes, data: Any, rows: JsonRows | Float64Matrix) -> InputBatch | None:
        """Return the batch of a body that orjson read, if it is regular; None if it is for the strict decoder."""
        if isinstance(rows, np.ndarray):
            return None if count_strings_of_rows(body, data, ()) else self.decode_array(rows)
        self._check_rows(rows)
        if len(rows.rows) == (len(rows.columns(self.names)) if rows.flat else 1):
            numbers = self._row_reader.read_located(rows, body, data)
            if numbers is not None:
                return InputBatch(None, numbers=numbers)
        if self.is_mixed:
            return self._fast_path(rows, count_lost_strings(body, data), False)
        literals = b"true" in body or (b"l" in body and (b"false" in body or b"null" in body))
        strings = count_strings_of_rows(body, data, rows.rows) if b'"' in body else 0
        return self._fast_path(rows, strings, literals)

    def _fast_path(self, rows: JsonRows, strings: int, literals: bool) -> InputBatch | None:
        """Return the batch, if every row has the same shape, and nothing but numbers unless the model takes others.

        Args:
            strings: how many there are in the text of the rows, beside those that may be there.
            literals: whether there may be a true, false or null among the values, which numpy would take for numbers.
        """
        cells = rows.rows
        names = self.names if rows.names is None else rows.names
        if not rows.flat:
            kinds = set(map(type, cells))
            if kinds == {dict}:
                names = tuple(cells[0])
                if set(map(tuple, cells)) != {names}:
                    return None
                strings -= 0 if self.is_mixed else len(names) * len(cells)
                cells = list(chain.from_iterable(map(dict.values, cells)))
            elif kinds <= {list, tuple} and set(map(len, cells)) == {len(names)}:
                cells = list(chain.from_iterable(cells))
            else:
                return None
        in_order = self.inputs.in_order
        order = in_order if names is self.names else self.inputs.find_order(names, rows.allow_extra)
        # A member that appears twice, in a row or around them, leaves a string in the text that nothing kept.
        if strings or order is None or len(cells) % len(names):
            return None
        if self.is_mixed:
            return self.columns.decode(cells, len(names), order, self.inputs.find_dates(names))
        if literals and not set(map(type, cells)) <= {int, float}:
            return None
        try:
            values = np.frombuffer(struct.pack(f"{len(cells)}d", *cells)).reshape(-1, len(names))  # as to_float64
        except struct.error:
            return None
        return InputBatch(values if order == in_order and len(names) == len(order) else values[:, order])
