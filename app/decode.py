"""From what clients send to a table of numbers: names and aliases, positions, and what is no number.

Knows the inputs' names, not their limits (checks does), and no HTTP. What is regular, which is nearly everything, goes
through in a few passes in C; what is not is parsed once more, slowly, to say what is wrong and where.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import Problem, Refusal
from registry import Signature

Values = NDArray[np.float64]

# A form that asks for more than this is no form of ours.
_MAX_FIELDS = 1000
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to predict for: ``values`` of shape (n, k), float64, NaN where a problem says what is wrong instead."""

    values: Values
    problems: list[Problem] = field(default_factory=list)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, so that one which is there twice is seen."""


class Decoder:
    """Decodes requests for one model. May be used by several threads."""

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self._names = signature.names
        self._positions = {name: index for index, item in enumerate(signature.inputs) for name in item.names}
        self._max_rows = max_rows
        self._expected = f"a row like {signature.example_json}"

    def json(self, body: bytes) -> tuple[Table, bool]:
        """Decode one row, by position or by name, or a list of rows.

        Returns:
            the table, and whether it was one row on its own.

        Raises:
            Refusal: 400 if it is not JSON or has no accepted shape, 413 if there are too many rows.
        """
        try:
            rows, single = self._rows(orjson.loads(body))
            values = self._regular(rows, body)
            if values is not None:
                return Table(values), single
        except orjson.JSONDecodeError:
            pass  # perhaps only for a NaN or a 1e400, which the close look names
        rows, single = self._rows(_parse(body))
        return self._examine(rows), single

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
                typed.setdefault(self._names[self._positions[name]], text)
        row = _Pairs((name, _typed_number(text)) for name, text in pairs)
        return self._examine([row]), typed

    def _rows(self, data: Any) -> tuple[list[Any], bool]:
        if isinstance(data, list) and not isinstance(data, _Pairs) and data and isinstance(data[0], list | dict):
            if len(data) > self._max_rows:
                raise Refusal(413, f"{len(data)} rows are too many at once: send at most {self._max_rows}")
            return data, False
        if not isinstance(data, list | dict):
            raise Refusal(400, f"expected {self._expected}, an object of inputs, or a list of rows, not {_kind(data)}")
        if data == [] and not isinstance(data, _Pairs):
            raise Refusal(400, f"there is no row: expected {self._expected}, an object of inputs, or a list of rows")
        return [data], True

    def _regular(self, rows: list[Any], body: bytes) -> Values | None:
        """The values, if every row has the same shape and nothing but numbers; None if someone has to look closer."""
        count, width = len(rows), len(self._names)
        kinds = set(map(type, rows))
        order: list[int] | None = None
        if kinds == {list}:
            cells = list(chain.from_iterable(rows))
            if set(map(len, rows)) != {width}:
                return None
        elif kinds == {dict}:
            keys = tuple(rows[0])
            order = [self._positions.get(key, -1) for key in keys]
            # A member that is there twice leaves more quotes in the body than the names that were kept.
            if (
                sorted(order) != list(range(width))
                or set(map(tuple, rows)) != {keys}
                or body.count(b'"') != 2 * width * count
            ):
                return None
            cells = list(chain.from_iterable(map(dict.values, rows)))
        else:
            return None
        if not set(map(type, cells)) <= {int, float}:
            return None
        values = np.array(cells, dtype=np.float64).reshape(count, width)
        if order is not None and order != list(range(width)):
            values = values[:, np.argsort(order)]
        return values

    def _examine(self, rows: Sequence[Any]) -> Table:
        values = np.full((len(rows), len(self._names)), math.nan)
        problems: list[Problem] = []
        for index, row in enumerate(rows):
            problems += self._examine_row(index, row, values[index])
        return Table(values, problems)

    def _examine_row(self, index: int, row: Any, values: Values) -> list[Problem]:
        problems: list[Problem] = []
        if isinstance(row, _Pairs):
            seen: set[int] = set()
            for name, cell in row:
                position = self._positions.get(name)
                if position is None:
                    known = ", ".join(self._names)
                    problems.append(Problem(index, shown(name), f"no such input; the inputs are {known}"))
                elif position in seen:
                    problems.append(Problem(index, self._names[position], "given twice"))
                else:
                    seen.add(position)
                    problems += self._cell(index, position, cell, values)
            missing = [position for position in range(len(self._names)) if position not in seen]
        elif isinstance(row, list):
            for position, cell in enumerate(row[: len(self._names)]):
                problems += self._cell(index, position, cell, values)
            if len(row) > len(self._names):
                message = f"expected {len(self._names)} values ({', '.join(self._names)}), got {len(row)}"
                problems.append(Problem(index, "", message))
            missing = list(range(len(row), len(self._names)))
        else:
            return [Problem(index, "", f"expected {self._expected} or an object of inputs, not {_kind(row)}")]
        return problems + [Problem(index, self._names[position], "is missing") for position in missing]

    def _cell(self, index: int, position: int, cell: Any, values: Values) -> list[Problem]:
        if type(cell) is not float:
            message = f"expected a number, not {_kind(cell)}" if cell != "" else "is missing"
        elif not math.isfinite(cell):
            message = "NaN is not a number to predict from" if math.isnan(cell) else "is too large to be a number here"
        else:
            values[position] = cell
            return []
        return [Problem(index, self._names[position], message)]


def shown(text: str) -> str:
    """A client's text as it can stand in a message: short, and without what a terminal or UTF-8 can't take."""
    text = text if len(text) <= 40 else text[:39] + "…"
    return text if text.isprintable() else ascii(text)[1:-1]


def _parse(body: bytes) -> Any:
    """Parse JSON so that every number is a float and every object keeps all its members.

    NaN, Infinity and numbers beyond float64 pass here, to be refused where they stand.
    """
    try:
        return json.loads(body.decode(), parse_int=float, object_pairs_hook=_Pairs)
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Refusal(400, message) from error
    except RecursionError as error:
        raise Refusal(400, "the body is not an accepted shape: it is nested too deep") from error


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return f'the text "{shown(value)}"'
    if isinstance(value, _Pairs | dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"


def _typed_number(text: str) -> float | str:
    text = text.strip()
    return float(text) if _DECIMAL.fullmatch(text) else text
