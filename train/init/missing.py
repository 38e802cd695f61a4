"""The words that files write where a value is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

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


def in_texts(counts: Counter[str]) -> set[str]:
    """Return the words, other than the empty one, that stand for a missing text.

    Args:
        counts: the cells of the column, and how often each occurs. ``NA`` among codes such as ``EU`` and ``AS`` is one.
    """
    found = {cell for cell in counts if cell in TEXT_WORDS and cell}
    others = [cell for cell in counts if cell not in WORDS]
    codes = len(others) > 1 and all(len(cell) == 2 and cell.isupper() for cell in others)
    return found | ({"NA"} if "NA" in counts and not codes else set())


def sentinel(values: Collection[float]) -> float | None:
    """Return a value that looks like a stand-in for missing ones: often there, and far from the others."""
    counts = Counter(values)
    for value in _SENTINELS & counts.keys():
        others = [other for other in counts if other != value]
        if counts[value] > 1 and len(others) > 2:
            low, high = min(others), max(others)
            if min(abs(value - low), abs(value - high)) > 2 * (high - low) and not low <= value <= high:
                return value
    return None
