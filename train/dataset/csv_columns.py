"""The columns of a CSV file, which take their cells chunk by chunk: as numbers, or as texts with codes.

Owns what a cell may hold.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csv_dialect import DialectError
from train.spec.csv_format import CsvFormat, parse_number

Floats = NDArray[np.float64]
# The position of a cell in a chunk, negative if it was in an earlier one, and what is wrong with it.
Problem = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds.

    Attributes:
        kind: ``any`` means numbers if its first value is one, else texts; texts may then have no value, and numbers if
            the format says which words mean none.
        optional: whether a cell may have no value.
    """

    kind: Literal["numbers", "texts", "any"]
    optional: bool = False


def column_reader(column: Column, form: CsvFormat, decimal: str) -> _Texts | _Numbers | _Any:
    """Return what reads a column.

    Args:
        decimal: the mark of decimals in the file; empty if nobody knows.
    """
    if column.kind == "any":
        return _Any(form, decimal)
    if column.kind == "texts":
        return _Texts(form, column.optional)
    return _Numbers(form, decimal, column.optional)


class _Codes(dict[str, int]):
    """The code of each cell: that of its text without spaces, in the order of their first rows; -1 of no value."""

    def __init__(self, no_value: frozenset[str]) -> None:
        super().__init__()
        self._no_value = no_value
        self.texts: dict[str, int] = {}

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        code = -1 if text in self._no_value else self.texts.setdefault(text, len(self.texts))
        self[cell] = code
        return code


class _Texts:
    """Takes the cells of a column of texts, chunk by chunk."""

    def __init__(self, form: CsvFormat, optional: bool) -> None:
        self._codes, self._optional = _Codes(form.no_value), optional
        self._values = array("i")  # grows in place, unlike a list of chunks that must be copied in the end

    def read(self, cells: Sequence[str]) -> list[Problem]:
        """Take cells. Return what is wrong with some of them."""
        chunk = np.fromiter(map(self._codes.__getitem__, cells), np.intc, len(cells))
        self._values.frombytes(chunk.tobytes())
        if self._optional:
            return []
        return [(row, f"expected a text, not {cells[row][:40]!r}") for row in np.flatnonzero(chunk < 0).tolist()]

    def values(self) -> pd.Categorical:
        """Return all values."""
        codes = np.frombuffer(self._values, dtype=np.intc)
        return pd.Categorical.from_codes(codes, categories=pd.Index(list(self._codes.texts), dtype=object))


class _Numbers:
    """Takes the cells of a column of numbers, chunk by chunk."""

    def __init__(self, form: CsvFormat, decimal: str, optional: bool) -> None:
        self._no_value, self._decimal, self._optional = form.no_value, decimal, optional
        self._missing_numbers = list(form.missing_numbers)
        self._values = array("d")

    def read(self, cells: Sequence[str]) -> list[Problem]:
        """Take cells. Return what is wrong with some of them."""
        points = self._with_points(cells)
        chunk = self._quickly(points) if points else None
        if chunk is None and points and self._optional:
            # the words are compared as they are in the file, before a decimal comma becomes a point
            holes = [cell.strip() in self._no_value for cell in cells]
            filled = ["0" if hole else point for hole, point in zip(holes, points, strict=True)]
            chunk = self._quickly(filled)
            if chunk is not None:
                chunk[holes] = math.nan
        problems: list[Problem] = []
        if chunk is None:
            chunk = np.full(len(cells), math.nan)
            for row, cell in enumerate(cells):
                if self._optional and cell.strip() in self._no_value:
                    continue
                try:
                    chunk[row] = parse_number(cell, self._decimal)
                except ValueError as error:
                    problems.append((row, str(error)))
        absent = np.isin(chunk, self._missing_numbers)
        if self._optional:
            chunk[absent] = math.nan
        else:
            problems += [
                (row, f"expected a number, not {cells[row][:40]!r}, which means no value")
                for row in np.flatnonzero(absent).tolist()
            ]
        self._values.frombytes(chunk.tobytes())
        return sorted(problems)

    def values(self) -> Floats:
        """Return all values; NaN is none."""
        return np.frombuffer(self._values, dtype=np.float64)

    def _with_points(self, cells: Sequence[str]) -> Sequence[str] | None:
        """Return the cells with decimal points; None if that takes a look at each."""
        joined = "\0".join(cells)
        if "_" in joined or (self._decimal != "." and "." in joined) or (not self._decimal and "," in joined):
            return None
        return joined.replace(",", ".").split("\0") if self._decimal == "," else cells

    @staticmethod
    def _quickly(cells: Sequence[str]) -> Floats | None:
        """Return the cells as finite numbers; None if one of them is none."""
        try:
            numbers = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None
        return numbers if np.isfinite(numbers).all() else None


class _Any:
    """Takes the cells of a column of numbers or of texts: its first value says which."""

    def __init__(self, form: CsvFormat, decimal: str) -> None:
        self._form, self._decimal = form, decimal
        self._before: list[str] = []  # cells without a value
        self._reader: _Numbers | _Texts | None = None

    def read(self, cells: Sequence[str]) -> list[Problem]:
        """Take cells. Return what is wrong with some of them."""
        if self._reader is None:
            first = next((cell for cell in cells if cell.strip() not in self._form.no_value), None)
            if first is None:
                self._before += cells
                return []
            if _is_number(first, self._decimal):
                self._reader = _Numbers(self._form, self._decimal, optional=bool(self._form.missing))
            else:
                self._reader = _Texts(self._form, optional=True)
            before = len(self._before)
            earlier = [(row - before, problem) for row, problem in self._reader.read(self._before)]
            return earlier + self._reader.read(cells)
        return self._reader.read(cells)

    def values(self) -> Floats | pd.Categorical:
        """Return all values; NaN is none."""
        return np.full(len(self._before), math.nan) if self._reader is None else self._reader.values()


def _is_number(cell: str, decimal: str) -> bool:
    """Say whether a cell holds a number, or one that could be read in two ways."""
    try:
        parse_number(cell, decimal)
    except DialectError:
        return True
    except ValueError:
        return False
    return True
