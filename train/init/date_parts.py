"""The parts of a date that can teach something: year, month, weekday, day of the month, days since 1970."""

from __future__ import annotations

import math

import numpy as np

from train.dataset import Floats
from train.dataset.input_values import parts_of
from train.init import dates
from train.init.column import Column
from train.spec.inputs import DATE_PARTS

NO_PARTS = "it is a date whose parts do not differ enough"


def date_parts(column: Column) -> dict[str, Floats]:
    """Return the parts of a date that differ enough to teach something, each with its known values."""
    times = [dates.parse(text, column.date_format) for text in column.cells.texts]
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
