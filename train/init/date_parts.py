"""The parts of a date that can teach something: year, month, weekday, day of the month, days since 1970."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from registry import DATE_PARTS, parse_date, parts_of
from train.dataset import Floats
from train.init.column import BOOLEAN, NUMBER, TEXT, Column
from train.init.levels import min_rows_of

NO_PARTS = "it is a date whose parts do not differ enough"


def date_parts(column: Column) -> dict[str, Floats]:
    """Return the parts of a date that differ enough to teach something, each with its known values."""
    times = [parse_date(text, column.date_format) for text in column.cells.texts]
    codes = column.cells.codes[~column.is_missing]
    all_parts = {
        part: np.array([math.nan if time is None else parts_of(time)[part] for time in times])[codes]
        for part in DATE_PARTS
    }
    different = {part: len(np.unique(values)) for part, values in all_parts.items()}
    wanted = []
    if different["year"] > 1:
        wanted.append("year")
    if different["month"] > 2:
        wanted.append("month")
    if different["weekday"] == 7 and different["day"] > 3 and different["days"] > 20:
        wanted.append("weekday")
    if different["days"] > 20 and (different["day"] > 3 or different["year"] == 1):
        wanted.append("days")
    if not wanted and different["day"] > 1:
        wanted.append("day")
    return {part: all_parts[part] for part in wanted if _differ(all_parts[part])}


def _differ(values: Floats) -> bool:
    _, counts = np.unique(values, return_counts=True)
    return len(values) - int(counts.max()) >= 5


def teller_of(part: str, values: Floats, columns: Iterable[Column]) -> Column | None:
    """Return the column that tells a part of a date already: each of its values goes with one of the part's.

    A year and days go on rising after the last row of the file, so only a number tells them that rises with them.

    Args:
        part: its name.
        values: float64 (n,), of a date that no row misses.
        columns: the other ones that the model uses.
    """
    places, numbers = np.unique(values, return_inverse=True)
    if 2 * len(places) > len(values):  # nearly every row has its own: whatever differs as much would go with it
        return None
    for column in columns:
        if _keeps_its_values(column):
            others, codes = np.unique(
                column.values if column.kind == NUMBER else column.cells.codes, return_inverse=True
            )
            if part in ("year", "days"):
                tells = column.kind == NUMBER and np.array_equal(codes, numbers)
            else:
                tells = len(others) == len(places) == len(np.unique(codes * len(places) + numbers))
            if tells:
                return column
    return None


def _keeps_its_values(column: Column) -> bool:
    """Say whether the model sees each value of a column as another one: none is missing, no text is merged."""
    if column.kind == TEXT and min(column.levels.values(), default=0) < min_rows_of(column):
        return False
    return column.kind in (NUMBER, TEXT, BOOLEAN) and not column.is_missing.any()
