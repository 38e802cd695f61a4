"""The levels of a text: how many rows each one needs, so that a model can learn it, and which one is the commonest."""

from __future__ import annotations

from train.init.column import Column

MAX_LEVELS = 100


def least_rows(rows: int) -> int:
    """Return how many rows a level needs, so that the model can learn it: of so many rows."""
    return 5 if rows < 1000 else 10 if rows < 5000 else 20 if rows < 100_000 else 50


def min_rows_of(column: Column) -> int:
    """Return how many rows a level of this column needs; more of them where there are too many levels."""
    least = least_rows(column.rows)
    for count in sorted(column.levels.values(), reverse=True)[MAX_LEVELS:]:
        least = max(least, count + 1)
    return least


def commonest(column: Column) -> str:
    """Return the level that most rows have; the first in the alphabet of several."""
    return min(column.levels, key=lambda level: (-column.levels[level], level))
