"""Take values out of JSON that may be damaged: a value of another type than expected counts as missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def member(content: Any, *path: str) -> Any:
    """Return the value at a path of member names; None if it is not there."""
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def text(content: Any, *path: str) -> str | None:
    """Return the text at a path; None if there is none, or an empty one."""
    value = member(content, *path)
    return value if isinstance(value, str) and value else None


def integer(content: Any, *path: str) -> int | None:
    """Return the whole number at a path."""
    value = member(content, *path)
    return value if type(value) is int else None


def number(content: Any, *path: str) -> float | None:
    """Return the finite number at a path: JSON can hold no other."""
    value = member(content, *path)
    try:
        return float(value) if type(value) in (int, float) and math.isfinite(value) else None
    except OverflowError:
        return None


def mapping(content: Any, *path: str) -> Mapping[str, Any]:
    """Return the object at a path; an empty one if there is none."""
    value = member(content, *path)
    return value if isinstance(value, Mapping) else {}


def items(content: Any, *path: str) -> list[Any]:
    """Return the array at a path; an empty one if there is none."""
    value = member(content, *path)
    return value if isinstance(value, list) else []
