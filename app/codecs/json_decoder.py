"""From what clients send to a table of numbers: names and aliases, positions, and what is no number.

Knows the inputs' names, not their limits (checks does), and no HTTP and no protocol: an adapter says where in a body
the rows are (:class:`Rows`). What is regular, which is nearly everything, goes through in a few passes in C; what is
not is parsed once more, slowly, to say what is wrong and where.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import orjson

from app.codecs.batch import Rows, Table, Values, float64
from app.codecs.examine import Examiner, listed, typed_number
from app.codecs.json_strict import Pairs, exact, is_list, kind, strings
from app.errors import FieldError, Refusal
from registry import Signature

# A form that asks for more than this is no form of ours.
_MAX_FIELDS = 1000
# What JSON may have around a number, and within it.
_SPACE = b" \t\r\n"
_DIGITS = b"0123456789.eE+-" + _SPACE
_NO_BRACKETS = bytes.maketrans(b"[]", b"  ")


class JsonDecoder:
    """Decodes requests for one model. May be used by several threads."""

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self.names = signature.names
        self._positions = {name: index for index, item in enumerate(signature.inputs) for name in item.names}
        self._in_order = list(range(len(self.names)))
        self._max_rows = max_rows
        self._expected = f"a row like {signature.example_json}"
        self._examiner = Examiner(self.names, self._positions, self._expected)

    def json(self, body: bytes) -> tuple[Table, bool]:
        """Decode one row, by position or by name, or a list of rows.

        Returns:
            the table, and whether it was one row on its own.

        Raises:
            Refusal: 400 if it is not JSON or has no accepted shape, 413 if there are too many rows.
        """
        single = False

        def find(data: Any) -> Rows:
            nonlocal single
            if not isinstance(data, (list, dict)):
                message = f"expected {self._expected}, an object of inputs, or a list of rows, not {kind(data)}"
                raise Refusal(400, message)
            if is_list(data) and (not data or isinstance(data[0], list | dict)):
                return Rows(data)
            single = True
            return Rows([data])

        values = self._matrix(body)
        if values is not None:
            self.bound(len(values))
            return Table(values), False
        return self.find(body, find), single

    def find(self, body: bytes, find: Callable[[Any], Rows | Values]) -> Table:
        """Decode the rows that ``find`` finds in a JSON body, or beside it, as an array.

        Args:
            find: called with what the body holds; if that is not quite regular once more, with every object as Pairs.

        Raises:
            Refusal: 400 if it is not JSON, 413 if there are too many rows, and whatever ``find`` refuses.
        """
        # Perhaps only for a NaN or a 1e400, or because it is nested deep: the close look says what.
        with suppress(orjson.JSONDecodeError, Refusal, RecursionError):
            data = orjson.loads(body)
            found = find(data)
            if isinstance(found, np.ndarray):
                if not _strings_in_rows(body, data, ()):
                    return self.array(found)
            else:
                self._bounded(found)
                literals = b"true" in body or (b"l" in body and (b"false" in body or b"null" in body))
                values = self._regular(found, _strings_in_rows(body, data, found.rows), literals)
                if values is not None:
                    return Table(values)
        found = find(exact(body))
        return self.array(found) if isinstance(found, np.ndarray) else self._examiner.examine(self._bounded(found))

    def form(self, body: bytes) -> tuple[Table, dict[str, str]]:
        """Decode an urlencoded form of one row.

        Returns:
            the table, and what was typed for each input.

        Raises:
            Refusal: 400 if it is no form.
        """
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
        except ValueError as error:
            raise Refusal(400, f"the body is no urlencoded form in UTF-8: {error}") from error
        typed: dict[str, str] = {}
        for name, text in pairs:
            if name in self._positions:
                typed.setdefault(self.names[self._positions[name]], text)
        row = Pairs((name, typed_number(text)) for name, text in pairs)
        return self._examiner.examine(Rows([row])), typed

    def array(self, values: Values) -> Table:
        """Decode what came as numbers, shape (n, k), float64: there may be NaN and infinities among them.

        Raises:
            Refusal: 413 if there are too many rows.
        """
        if len(values) and np.isfinite(values).all():
            self.bound(len(values))
            return Table(values)
        return self._examiner.examine(self._bounded(Rows(values.tolist())))

    def texts(self, rows: Sequence[Sequence[str]]) -> Table:
        """Decode rows of text, in the order of the inputs."""
        return self._examiner.examine(Rows([list(map(typed_number, row)) for row in rows]))

    def columns(self, names: Sequence[str]) -> list[int]:
        """At which of these names of columns each input is; other names may be among them.

        Raises:
            Refusal: 422 if an input is missing or there twice.
        """
        order = self._order(names, others=True)
        if order is not None:
            return order
        found = Counter(self._positions[name] for name in names if name in self._positions)
        problems = [FieldError(0, self.names[i], "the column is missing") for i in self._in_order if not found[i]]
        problems += [FieldError(0, self.names[i], "the column is there twice") for i in self._in_order if found[i] > 1]
        problem = problems[0]
        hint = f"; the columns are {listed(names)}"
        raise Refusal(422, f"{problem.input}: {problem.message}{hint}", problems)

    def bound(self, count: int) -> None:
        """Nothing, if there are rows, and not too many.

        Raises:
            Refusal: 400 or 413.
        """
        if not count:
            raise Refusal(400, f"there is no row: expected {self._expected}, an object of inputs, or a list of rows")
        if count > self._max_rows:
            raise Refusal(413, f"{count} rows are too many at once: send at most {self._max_rows}")

    def _bounded(self, found: Rows) -> Rows:
        count = len(found.rows) // len(found.columns(self.names)) if found.flat else len(found.rows)
        self.bound(count)
        return found

    def _regular(self, found: Rows, strings: int, literals: bool) -> Values | None:
        """The values, if every row has the same shape and nothing but numbers; None if someone has to look closer.

        Args:
            strings: how many there are in the text of the rows.
            literals: whether there may be a true, false or null among the values, which numpy would take for numbers.
        """
        cells, names = found.rows, found.columns(self.names)
        if not found.flat:
            kinds = set(map(type, cells))
            if kinds == {dict}:
                names = tuple(cells[0])
                if set(map(tuple, cells)) != {names}:
                    return None
                strings -= len(names) * len(cells)
                cells = list(chain.from_iterable(map(dict.values, cells)))
            elif kinds <= {list, tuple} and set(map(len, cells)) == {len(names)}:
                cells = list(chain.from_iterable(cells))
            else:
                return None
        order = self._order(names, found.others)
        # A member that is there twice, in a row or around them, leaves a string in the text that nothing kept.
        if strings or order is None or len(cells) % len(names):
            return None
        if literals and not set(map(type, cells)) <= {int, float}:
            return None
        try:
            values = float64(cells).reshape(-1, len(names))
        except struct.error:
            return None
        return values if order == self._in_order else values[:, order]

    def _matrix(self, body: bytes) -> Values | None:
        """The values of a JSON text that is nothing but lists of k numbers; None if it is not.

        What is left of the text without its digits shows that, where there are none between the rows; so one flat list
        is parsed, in half the time of many.
        """
        if not body.startswith(b"[[") or not body.rstrip(_SPACE).endswith(b"]]"):
            return None
        frame = body.translate(None, _DIGITS)
        count = frame.count(b"[") - 1
        row = b"[%b]," % (b"," * (len(self.names) - 1))
        if frame != b"[%b]" % (row * count)[:-1]:
            return None
        if count > body.count(b"],[") + 1 and count > body.count(b"], [") + 1:
            return None
        with suppress(orjson.JSONDecodeError):
            cells = orjson.loads(b"[%b]" % body.translate(_NO_BRACKETS))
            if len(cells) == count * len(self.names):  # a row of one input may be empty
                return float64(cells).reshape(count, -1)
        return None

    def _order(self, names: Sequence[str], others: bool) -> list[int] | None:
        """At which of these names each input is; None if one is missing, or there twice, or a name is no input."""
        columns = {self._positions[name]: index for index, name in enumerate(names) if name in self._positions}
        known = sum(name in self._positions for name in names)
        if len(columns) < len(self.names) or known > len(columns) or (known < len(names) and not others):
            return None
        return [columns[position] for position in self._in_order]


def _strings_in_rows(body: bytes, data: Any, rows: Sequence[Any]) -> int:
    """How many strings the text of the rows has: those of the text less those that were parsed around the rows."""
    quotes = body.count(b'"')
    return quotes // 2 - strings(data, rows[0] if len(rows) == 1 else rows) if quotes else 0
