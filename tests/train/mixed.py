"""Rows with every kind of input: numbers and categories, that may be missing or not, one far from 0."""

from __future__ import annotations

import numpy as np

from registry import Input, Missing
from train.dataset import Floats


def number(name: str, low: float, high: float, missing: Missing | None = None) -> Input:
    """Return a number."""
    return Input(name, name, "", (), (low, high), (low, high), low, missing=missing)


def texts(name: str, count: int, missing: Missing | None = None) -> Input:
    """Return a category of so many texts; every other text is the first."""
    codes = tuple(map(float, range(count)))
    levels = tuple(f"level {code:g}" for code in codes)
    ends = (0.0, codes[-1])
    return Input(name, name, "", (), ends, ends, 0.0, categories=codes, levels=levels, other=0.0, missing=missing)


INPUTS = (
    number("size", -20, 30, Missing(-70, 5, indicator=True)),
    number("year", 1e7 - 100, 1e7 + 100),
    number("cost", 0, 1e9, Missing(-1e9, 1)),
    texts("yes", 2, Missing(2, 0, indicator=True)),
    texts("kind", 5),
    texts("zone", 12, Missing(12, 1)),
)


def mixed(rows: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return rows of INPUTS, a tenth of which is missing where it may be, and their labels, which are above 0."""
    generator = np.random.default_rng(seed)
    values = np.column_stack(
        [
            generator.normal(5, 2, rows),
            1e7 + generator.normal(0, 3, rows),
            generator.lognormal(0, 1, rows),
            generator.integers(0, 2, rows),
            generator.integers(1, 5, rows),
            np.minimum(generator.geometric(0.2, rows), 11),
        ]
    )
    kinds, zones = np.array([0, 1, -2, 3, 0.5]), np.random.default_rng(1).normal(0, 1, 12)
    label = 50 + 3 * np.sin(values[:, 0]) + 2 * np.log(values[:, 2]) + 0.5 * (values[:, 1] - 1e7) + values[:, 3]
    label += 2 * kinds[values[:, 4].astype(int)] + zones[values[:, 5].astype(int)] + generator.normal(0, 0.3, rows)
    for column, item in enumerate(INPUTS):
        if item.missing:
            values[generator.random(rows) < 0.1, column] = item.missing.value
    return values, label
