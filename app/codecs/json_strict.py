"""JSON as clients send it: quick where it is regular, and exact where someone has to say what is wrong with it.

orjson is quick, but keeps only the last of two members with one name, and stops at a NaN without saying where. So what
it read counts only if it holds as many strings as the text has pairs of quotes; else the text is parsed once more,
slowly, with every member of every object.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, TypeGuard

from app.errors import Refusal

_NUMBERS = {int, float}


class Pairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, so that one which is there twice is seen."""


def exact(body: bytes) -> Any:
    """Parse JSON so that every number is a float and every object is :class:`Pairs`.

    NaN, Infinity and numbers beyond float64 pass here, to be refused where they stand.

    Raises:
        Refusal: 400, with the place, if it is not JSON in UTF-8.
    """
    try:
        return json.loads(body.decode(), parse_int=float, object_pairs_hook=Pairs)
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Refusal(400, message) from error
    except RecursionError as error:
        raise Refusal(400, "the body is not an accepted shape: it is nested too deep") from error


def optional(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The members of an object that may be missing or null.

    Raises:
        Refusal: 400 if it is anything else.
    """
    value = content.get(name)
    return {} if value is None else members(value, name)


def members(value: Any, what: str) -> dict[str, Any]:
    """The members of a JSON object, however it was parsed; ``what`` names it in a refusal.

    Raises:
        Refusal: 400 if it is no object, or one of its names is there twice.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, Pairs):
        raise Refusal(400, f"{what}: expected an object, not {kind(value)}")
    found = dict(value)
    if len(found) < len(value):
        twice = next(name for name, count in Counter(name for name, _ in value).items() if count > 1)
        raise Refusal(400, f'{what}: "{shown(twice)}" is given twice')
    return found


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list, however it was parsed."""
    return isinstance(value, list) and not isinstance(value, Pairs)


def strings(value: Any, but: Any = None) -> int:
    """How many strings a value of orjson holds, members' names included; not counting what is inside ``but``."""
    if value is but:
        return 0
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return len(value) + sum(strings(item, but) for item in value.values())
    if isinstance(value, list) and not set(map(type, value)) <= _NUMBERS:
        return sum(strings(item, but) for item in value)
    return 0


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return f'the text "{shown(value)}"'
    if isinstance(value, Pairs | dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"


def shown(text: str) -> str:
    """A client's text as it can stand in a message: short, and without what a terminal or UTF-8 can't take."""
    text = text if len(text) <= 40 else text[:39] + "…"
    return text if text.isprintable() else ascii(text)[1:-1]
