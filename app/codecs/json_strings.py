"""How many strings a JSON text has, and how many orjson kept: of two members with one name it drops the first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

_NUMBERS = {int, float}
_SCALARS = {int, float, bool, str, type(None)}


def count_strings_of_rows(body: bytes, data: Any, rows: Sequence[Any]) -> int:
    """Return how many strings the text of the rows has: those of the text less those that were parsed around them."""
    return body.count(b'"') // 2 - count_strings(data, rows[0] if len(rows) == 1 else rows)


def count_lost_strings(body: bytes, data: Any) -> int:
    """Return how many strings of a text orjson did not keep; -1 or less if that can't be told without parsing it."""
    escaped = body.count(b'\\"') if b"\\" in body else 0
    if escaped and b"\\\\" in body:  # then a quote behind a backslash may be the end of a string
        return -1
    return (body.count(b'"') - escaped) // 2 - count_all_strings(data)


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


def count_all_strings(value: Any) -> int:
    """Return what :func:`count_strings` does, of rows with texts among them: a level at a time, in C."""
    strings, values = 0, [value]
    while values:
        each = list(map(type, values))
        kinds = set(each)
        strings += each.count(str)
        if kinds <= _SCALARS:
            break
        objects = [item for item in values if type(item) is dict] if dict in kinds else []
        strings += sum(map(len, objects))
        lists = values if kinds == {list} else [item for item in values if type(item) is list]
        values = list(chain(chain.from_iterable(lists), chain.from_iterable(map(dict.values, objects))))
    return strings
