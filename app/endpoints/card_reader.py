"""Reads what is in a version's card.json, whatever that is: another program may have written it.

What is missing or of another kind than asked for is None, "" or empty, so that a page can show the rest.
"""

from __future__ import annotations

import math
from typing import Any


class CardReader:
    """A part of a card: an object, a list or a value."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __bool__(self) -> bool:
        return bool(self.content)

    def at(self, *path: str) -> CardReader:
        """Return the part at a path of member names."""
        content = self.content
        for name in path:
            content = content.get(name) if isinstance(content, dict) else None
        return CardReader(content)

    def number(self, *path: str) -> float | None:
        """Return a finite number."""
        value = self.at(*path).content
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            return float(value) if math.isfinite(value) else None
        except OverflowError:  # an integer beyond float64
            return None

    def count(self, *path: str) -> int | None:
        """Return an integer."""
        value = self.at(*path).content
        return value if type(value) is int and abs(value) < 1 << 62 else None

    def text(self, *path: str) -> str:
        """Return a text."""
        value = self.at(*path).content
        return value if isinstance(value, str) else ""

    def pair(self, *path: str) -> tuple[float, float] | None:
        """Return a list of two finite numbers."""
        values = [item.number() for item in self.items(*path)]
        return (values[0], values[1]) if len(values) == 2 and None not in values else None  # type: ignore[return-value]  # mypy can't see that neither is None

    def items(self, *path: str) -> list[CardReader]:
        """Return the parts of a list."""
        value = self.at(*path).content
        return [CardReader(item) for item in value] if isinstance(value, list) else []

    def members(self, *path: str) -> dict[str, CardReader]:
        """Return the parts of an object by their names."""
        value = self.at(*path).content
        return {str(name): CardReader(item) for name, item in value.items()} if isinstance(value, dict) else {}
