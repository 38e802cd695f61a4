"""The words that files write where a value is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from train.dataset import Floats

_FIGURES = "NA N/A n/a na #N/A <NA> NaN nan NAN null NULL Null None none ? - -- . .. \\N"
_CELLS = "missing Missing unknown Unknown #VALUE! #DIV/0! #REF! #NUM!"
# In a column of numbers, each of these is no number and so means that there is none.
WORDS = frozenset(("", "#N/A N/A", *_FIGURES.split(), *_CELLS.split()))
# In a column of texts, these mean it too; the others may be levels, such as "None" for a house without a pool.
TEXT_WORDS = frozenset(
    ("", "N/A", "n/a", "#N/A", "#N/A N/A", "<NA>", "NaN", "nan", "null", "NULL", "?", "\\N", "#VALUE!", "#REF!")
)
_SENTINELS = frozenset({-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, -1e5, 99999.0, 999999.0})


def in_numbers(cells: Iterable[str]) -> set[str]:
    """Return the words, other than the empty one, that stand for a missing number."""
    return {cell for cell in cells if cell in WORDS and cell}


def in_texts(cells: Collection[str]) -> set[str]:
    """Return the words, other than the empty one, that stand for a missing text.

    Args:
        cells: the different ones of the column. ``NA`` among codes such as ``EU`` and ``AS`` is one.
    """
    found = {cell for cell in cells if cell in TEXT_WORDS and cell}
    others = [cell for cell in cells if cell not in WORDS]
    codes = len(others) > 1 and all(len(cell) == 2 and cell.isupper() for cell in others)
    return found | ({"NA"} if "NA" in cells and not codes else set())


def sentinel(values: Floats) -> float | None:
    """Return a value that looks like a stand-in for missing ones: often there, and far from the others.

    Args:
        values: those that are known, (n,).
    """
    for value in _SENTINELS & {values.min(), values.max()} if values.size else ():
        others = values[values != value]
        if len(values) - len(others) > 1 and len(np.unique(others)) > 2:
            low, high = others.min(), others.max()
            if min(abs(value - low), abs(value - high)) > 2 * (high - low):
                return float(value)
    return None
