"""JSON parsed exactly, to say what is wrong with it and where: every member of every object, an error for each cell.

It is slow, and nearly no request comes here: see json_decoder.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from app.codecs.batch import Float64Matrix, InputBatch, JsonRows
from app.errors import MAX_ERRORS, FieldError, MalformedRequest

# The value of a cell and what there is to say of it: NaN with a message is an error, NaN alone a missing value, and a
# number with a message a warning.
Reading = tuple[float, str]

_MAX_NAMES = 20  # columns that a message names
MAX_COMPARED = 3  # errors up to which an unknown text is compared with the known ones


class ObjectPairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, so that one which appears twice is seen."""


class StrictDecoder:
    """Reads rows for one model cell by cell. Knows the inputs' names, not their limits.

    Args:
        inputs: their names, in order.
        positions: which input each name or alias is.
        expected: what a row looks like, in words.
        readers: read a cell of each input, without a search for a text that is like it if they are told so.
        optional: the inputs that may be missing from an object.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        positions: Mapping[str, int],
        expected: str,
        readers: Sequence[Callable[[Any, bool], Reading]],
        optional: frozenset[int] = frozenset(),
    ) -> None:
        self._inputs = inputs
        self._positions = positions
        self._expected = expected
        self._readers = readers
        self._optional = optional

    def decode(self, json_rows: JsonRows, remedy: str = "") -> InputBatch:
        """Return the values of rows in which every number is a float and every object ObjectPairs, and the errors.

        A DialectError in place of a number says why there is none. After MAX_ERRORS errors no further row is looked at.

        Args:
            remedy: what the message about a name that is no input may add.
        """
        rows = json_rows.rows
        if json_rows.flat:
            width = len(json_rows.columns(self._inputs))
            rows = [rows[start : start + width] for start in range(0, len(rows), width)]
        values = np.full((len(rows), len(self._inputs)), math.nan)
        errors: list[FieldError] = []
        warnings: list[FieldError] = []
        for index, row in enumerate(rows):
            compare = len(errors) < MAX_COMPARED
            errors += self._decode_row(index, row, json_rows, values[index], warnings, remedy, compare)
            if len(errors) >= MAX_ERRORS:
                break
        return InputBatch(values, errors, warnings)

    def _decode_row(
        self,
        index: int,
        row: Any,
        json_rows: JsonRows,
        values: Float64Matrix,
        warnings: list[FieldError],
        remedy: str,
        compare: bool,
    ) -> list[FieldError]:
        if not isinstance(row, list | tuple):
            return [FieldError(index, "", f"expected {self._expected} or an object of inputs, not {json_type(row)}")]
        errors: list[FieldError] = []
        optional = self._optional
        if not isinstance(row, ObjectPairs):
            names = json_rows.columns(self._inputs)
            optional = optional if json_rows.names is not None else frozenset()  # a short row may lack any of them
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
                values[position], message = value, _ = self._readers[position](cell, compare)
                if message:
                    note(index, self._inputs[position], value, message, errors, warnings)
        if row and not seen and not errors:
            optional = frozenset()  # values that are there, but none under the name of an input, are no missing ones
        for position, name in enumerate(self._inputs):
            if position not in seen and position not in optional:
                errors.append(FieldError(index, name, "is missing"))
        return errors


def note(row: int, name: str, value: float, message: str, errors: list[FieldError], warnings: list[FieldError]) -> None:
    """Add what there is to say of a cell, as :data:`Reading` has it, to the errors or to the warnings."""
    if math.isnan(value):
        errors.append(FieldError(row, name, message))
    else:
        warnings.append(FieldError(row, name, message, "other"))


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


def is_utf_8(text: str) -> bool:
    """Return whether a text has no bytes that are not UTF-8, as ``surrogateescape`` reads them."""
    return not any("\udc80" <= letter <= "\udcff" for letter in text)


def join_names(names: Sequence[str]) -> str:
    """Return columns' names as they can stand in a message."""
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(map(excerpt, names[:_MAX_NAMES])) + more
