"""Samples for the tests of the statistics, and their counts in cells."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.profiles.reference import Column

Floats = NDArray[np.float32]


@st.composite
def samples(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """A reference and a window: with or without ties, skewed or not, tiny to some hundred rows.

    Values of the window that the reference has not are all different: counts of cells don't tell whether they tie.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = st.integers(1, 12) | st.integers(13, 600)
    reference = _values(rng, draw(sizes), draw(st.sampled_from(["normal", "skewed", "tied", "constant", "absurd"])))
    fresh = np.unique(_values(rng, draw(sizes), draw(st.sampled_from(["normal", "skewed", "absurd"]))))
    fresh = fresh + np.float32(draw(st.sampled_from([0, 0, 0.1, 3])))
    known = rng.choice(reference, draw(sizes))
    window = draw(st.sampled_from([known, np.unique(fresh), np.concatenate([known, np.setdiff1d(fresh, reference)])]))
    return reference, window


def counts(reference: Floats, window: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many rows of the window, and of the reference, are in each cell."""
    column = Column.of("x", "number", reference)
    cells = column.cells(window)
    return np.bincount(cells, minlength=2 * len(column.points) + 1), column.cell_counts


def _values(rng: np.random.Generator, rows: int, kind: str) -> Floats:
    values = {
        "normal": rng.standard_normal(rows),
        "skewed": rng.lognormal(0, 2, rows),
        "tied": rng.integers(0, 6, rows),
        "constant": np.full(rows, 7),
        "absurd": rng.standard_normal(rows) * 10.0 ** rng.integers(-30, 30, rows),
    }
    return values[kind].astype(np.float32)
