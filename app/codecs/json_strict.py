"""JSON parsed exactly, to say what is wrong with it and where: every member of every object.

It is slow, and nearly no request comes here: see json_decoder. Has the words that messages about JSON share.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeGuard

from app.errors import FieldError, MalformedRequest

# The value of a cell and what there is to say of it: NaN with a message is an error, NaN alone a missing value, and a
# number with a message a warning.
Reading = tuple[float, str]

_MAX_NAMES = 20  # columns that a message names
MAX_COMPARED = 3  # errors up to which an unknown text is compared with the known ones


class ObjectPairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, so that one which appears twice is seen."""


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
