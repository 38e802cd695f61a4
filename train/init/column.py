"""A column of a CSV file: what it holds, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.dataset import Floats
from train.init.cells import Cells

Bools = NDArray[np.bool_]

NUMBER, TEXT, BOOLEAN, DATE, EMPTY = "number", "text", "boolean", "date", "empty"


@dataclass
class Column:
    """One column.

    Attributes:
        name: in the header; may be empty.
        cells: what the file has; none of a number, which has values only.
        kind: NUMBER, TEXT, BOOLEAN, DATE or EMPTY.
        left_out: why the model does not use it; empty if it does.
        is_judged: whether that is a judgement, which a person may overrule.
        is_wanted: whether a person wants it as an input, whatever is judged.
        values: of a number, float64 (n,), of a date the days since 1970; NaN where it is missing.
        levels: of texts, how often each occurs, without missing ones.
        date_format: as :func:`datetime.strptime` names it.
        note: what a person should know of it; may be empty.
        thousands: the first cell, if all numbers are such as 1.234, which may be 1234; else empty.
        words: the texts, other than the empty one, that mean in this column that there is no value.
        is_optional: whether a row that :meth:`keep` dropped has no value.
    """

    name: str
    cells: Cells
    kind: str = TEXT
    left_out: str = ""
    is_judged: bool = False
    is_wanted: bool = False
    values: Floats = field(default_factory=lambda: np.empty(0))
    levels: Counter[str] = field(default_factory=Counter)
    date_format: str = ""
    note: str = ""
    thousands: str = ""
    words: set[str] = field(default_factory=set)
    is_optional: bool = False

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.values) if self.kind == NUMBER else len(self.cells)

    @property
    def is_missing(self) -> Bools:
        """Where it has no value, (n,)."""
        if self.kind in (NUMBER, DATE):
            return np.isnan(self.values)
        return np.array([text not in self.levels for text in self.cells.texts], dtype=bool)[self.cells.codes]

    def judge(self, reason: str) -> None:
        """Leave the column out, if there is a reason and nobody wants it."""
        if reason and not self.is_wanted:
            self.left_out, self.is_judged = reason, True

    def keep(self, rows: Bools) -> None:
        """Keep only some rows.

        Args:
            rows: whether each one stays, (n,).
        """
        self.is_optional = self.is_optional or bool(self.is_missing[~rows].any())
        if self.kind != NUMBER:
            self.cells = self.cells.only(rows)
            counts = self.cells.counts()
            self.levels = Counter({text: counts[text] for text in self.cells.texts if text in self.levels})
        self.values = self.values[rows] if self.values.size else self.values
