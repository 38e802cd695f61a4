"""The cells of columns, kept small: of each column the different texts, and which of them each row has.

A Python string for each cell would take many times the size of the file.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 14  # rows
_BETWEEN = "\0"  # stands in no cell: a file that holds it is refused


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a column, without the spaces around them. Iterating yields each row's.

    Attributes:
        texts: the different ones, in the order of the first rows that have them.
        codes: int32 (n,), the place among them of each row's text.
    """

    texts: Sequence[str] = ()
    codes: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        """Yield the text of each row."""
        return map(self.texts.__getitem__, self.codes.tolist())

    def counts(self) -> Counter[str]:
        """Return how often each text occurs."""
        return Counter(dict(zip(self.texts, np.bincount(self.codes, minlength=len(self.texts)).tolist(), strict=True)))

    def first_row(self, text: str) -> int:
        """Return the position of the first row that has a text."""
        return int(np.argmax(self.codes == self.texts.index(text)))

    def only(self, rows: NDArray[np.bool_]) -> Cells:
        """Return the cells of some rows.

        Args:
            rows: whether each one stays, (n,).
        """
        codes = self.codes[rows]
        used, first = np.unique(codes, return_index=True)
        order = used[np.argsort(first)]
        places = np.zeros(len(self.texts), dtype=np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return Cells([self.texts[place] for place in order.tolist()], places[codes])


def columns_of(rows: Iterable[Sequence[str]], width: int) -> Iterator[Cells]:
    """Read all rows, then yield the cells of each column. What was yielded is no longer held here."""
    packed: list[list[str]] = [[] for _ in range(width)]  # a long text for each chunk of a column
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        for parts, cells in zip(packed, zip(*chunk, strict=True), strict=True):
            parts.append(_BETWEEN.join(cells))
    packed.reverse()
    while packed:
        yield _unpacked(packed.pop())


class _Codes(dict[str, int]):
    """The code of each cell: that of its text without the spaces around it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        if text == cell:
            code = len(self.texts)
            self.texts.append(text)
        else:
            code = self[text]
        self[cell] = code
        return code


def _unpacked(parts: Sequence[str]) -> Cells:
    codes, places = _Codes(), array("i")
    for part in parts:
        places.extend(map(codes.__getitem__, part.split(_BETWEEN)))
    return Cells(codes.texts, np.frombuffer(places, dtype=np.int32))
