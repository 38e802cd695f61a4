"""JSON parsed exactly, to say what is wrong with it and where: every member of every object, an error for each cell.

It is slow, and nearly no request comes here: see json_decoder.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from app.codecs.batch import Float64Matrix, InputBatch, JsonRows
from app.errors import MAX_ERRORS, FieldError, MalformedRequest
from csv_dialect import DialectError

_MAX_NAMES = 20  # columns that a message names
_NUMBERS = {int, float}


class ObjectPairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, so that one which appears twice is seen."""


class StrictDecoder:
    """Reads rows for one model cell by cell. Knows the inputs' names, not their limits.

    Args:
        inputs: their names, in order.
        positions: which input each name or alias is.
        expected: what a row looks like, in words.
    """

    def __init__(self, inputs: Sequence[str], positions: Mapping[str, int], expected: str) -> None:
        self._inputs = inputs
        self._positions = positions
        self._expected = expected

    def decode(self, json_rows: JsonRows, remedy: str = "", limit: float = MAX_ERRORS) -> InputBatch:
        """Return the numbers of rows in which every number is a float and every object ObjectPairs, and the errors.

        A DialectError in place of a number says why there is none.

        Args:
            remedy: what the message about a name that is no input may add.
            limit: after so many errors no further row is looked at.
        """
        rows = json_rows.rows
        if json_rows.flat:
            width = len(json_rows.columns(self._inputs))
            rows = [rows[start : start + width] for start in range(0, len(rows), width)]
        values = np.full((len(rows), len(self._inputs)), math.nan)
        errors: list[FieldError] = []
        for index, row in enumerate(rows):
            errors += self._decode_row(index, row, json_rows, values[index], remedy)
            if len(errors) >= limit:
                break
        return InputBatch(values, errors)

    def _decode_row(
        self, index: int, row: Any, json_rows: JsonRows, values: Float64Matrix, remedy: str
    ) -> list[FieldError]:
        if not isinstance(row, list | tuple):
            return [FieldError(index, "", f"expected {self._expected} or an object of inputs, not {json_type(row)}")]
        errors: list[FieldError] = []
        if not isinstance(row, ObjectPairs):
            names = json_rows.columns(self._inputs)
            if len(row) > len(names) or (json_rows.names is not None and len(row) < len(names)):
                message = f"expected {len(names)} values ({join_names(names)}), got {len(row)}"
                errors.append(FieldError(index, "", message))
            row = ObjectPairs(zip(names, row, strict=False))
        seen: set[int] = set()
        for name, cell in row:
            position = self._positions.get(name)
            if position is None:
                if not json_rows.allow_extra and len(errors) < MAX_ERRORS:
                    message = f"no such input; the inputs are {join_names(self._inputs)}{remedy}"
                    errors.append(FieldError(index, excerpt(name), message))
            elif position in seen:
                errors.append(FieldError(index, self._inputs[position], "appears twice"))
            else:
                seen.add(position)
                errors += self._decode_cell(index, position, cell, values)
        missing = [name for position, name in enumerate(self._inputs) if position not in seen]
        return errors + [FieldError(index, name, "is missing") for name in missing]

    def _decode_cell(self, index: int, position: int, cell: Any, values: Float64Matrix) -> list[FieldError]:
        if type(cell) is not float:
            message = f"expected a number, not {json_type(cell)}" if cell != "" else "is missing"
            message = str(cell) if isinstance(cell, DialectError) else message
        elif not math.isfinite(cell):
            message = "NaN is not a number to predict from" if math.isnan(cell) else "is too large to be a number here"
        else:
            values[position] = cell
            return []
        return [FieldError(index, self._inputs[position], message)]


def parse_strict(body: bytes, expected: str) -> Any:
    """Parse JSON so that every number is a float and every object is :class:`ObjectPairs`.

    NaN, Infinity and numbers beyond float64 pass here, to be refused where they stand.

    Args:
        expected: what there should be, for the message about an empty body.

    Raises:
        MalformedRequest: with the place, if it is not JSON in UTF-8.
    """
    if not body.strip():
        raise MalformedRequest(f"the body is empty: {expected}")
    try:
        return json.loads(body.decode(), parse_int=float, object_pairs_hook=ObjectPairs)
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}"
        raise MalformedRequest(message) from error
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise MalformedRequest(message) from error
    except RecursionError as error:
        raise MalformedRequest("the body is not an accepted shape: it is nested too deep") from error


def optional_object(content: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the members of an object that may be missing or null.

    Raises:
        MalformedRequest: if it is anything else.
    """
    value = content.get(name)
    return {} if value is None else as_object(value, name)


def as_object(value: Any, name: str) -> dict[str, Any]:
    """Return the members of a JSON object, however it was parsed; ``name`` names it in a message.

    Raises:
        MalformedRequest: if it is no object, or one of its members appears twice.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, ObjectPairs):
        raise MalformedRequest(f"{name}: expected an object, not {json_type(value)}")
    members = dict(value)
    if len(members) < len(value):
        twice = next(name for name, count in Counter(name for name, _ in value).items() if count > 1)
        raise MalformedRequest(f'{name}: "{excerpt(twice)}" appears twice')
    return members


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a JSON value is a list, however it was parsed."""
    return isinstance(value, list) and not isinstance(value, ObjectPairs)


def count_strings(value: Any, outside: Any = None) -> int:
    """Return how many strings a value of orjson holds, members' names included; not counting those in ``outside``."""
    if value is outside:
        return 0
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return len(value) + sum(count_strings(item, outside) for item in value.values())
    if isinstance(value, list) and not set(map(type, value)) <= _NUMBERS:
        return sum(count_strings(item, outside) for item in value)
    return 0


def json_type(value: Any) -> str:
    """Return what a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return f'the text "{excerpt(value)}"'
    if isinstance(value, ObjectPairs | dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"


def excerpt(text: str) -> str:
    """Return a client's text as it can stand in a message: short, and without what a terminal or UTF-8 can't take."""
    text = text if len(text) <= 40 else text[:39] + "…"
    return text if text.isprintable() else ascii(text)[1:-1]


def join_names(names: Sequence[str]) -> str:
    """Return columns' names as they can stand in a message."""
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(map(excerpt, names[:_MAX_NAMES])) + more
