"""The cells of one input, as clients send them: a column at a time, and one by one to say what is wrong.

A number among texts: who read a CSV file before can't tell the text 95608 from a number, and sends the number. So where
a text of an input reads as a number, a number stands for its text; where none does, a number is refused.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson

from app.codecs.batch import Float64Vector, to_float64
from app.codecs.json_strict import Reading, json_type
from app.codecs.levels import find_like, name_levels, quote, remark_on_encoding, texts_of_numbers
from app.codecs.typed_number import parse_typed
from csv_dialect import DialectError, parse_decimal, read_decimal
from registry import Input, plain

# The values of a column, NaN where one is missing, and the warnings by position.
Column = tuple[Float64Vector, dict[int, str]]

_NUMBERS, _NONE = {int, float}, type(None)


class CellReader(ABC):
    """Reads the cells of one input. May be used by several threads.

    Attributes:
        takes_texts: whether its cells are texts, whatever they look like.
        is_optional: whether a cell may be missing.
        codes: of the texts that a client may send, and of true and false if it may send these; empty for numbers.
    """

    takes_texts = False
    codes: Mapping[str | bool, float] = {}

    def __init__(self, item: Input) -> None:
        self.is_optional = item.missing is not None
        self._no_value = item.no_value
        self._words = {text for text in item.no_value if isinstance(text, str) and text}

    @abstractmethod
    def read(self, cell: Any, compare: bool = True) -> Reading:
        """Read a JSON value, whose numbers are floats.

        Args:
            cell: an object may be ObjectPairs; a DialectError says why there is no number.
            compare: whether a message about an unknown text may name the level that is like it.
        """

    @abstractmethod
    def read_column(self, cells: Sequence[Any]) -> Column | None:
        """Read JSON values; None if there is an error among them, or what only :meth:`read` understands."""

    @abstractmethod
    def read_csv_column(self, cells: Sequence[str]) -> Column | None:
        """Read cells of a CSV text; None if there is an error among them, or what only :meth:`read` understands."""

    def parse(self, text: str) -> Any:
        """Return a cell of a CSV text as :meth:`read` takes it."""
        return text

    def parse_typed(self, text: str) -> Any:
        """Return what a person typed as :meth:`read` takes it."""
        return text

    def with_point(self, text: str, decimal: str) -> str:  # noqa: ARG002 - of numbers
        """Return a cell of a CSV text in which decimals have this mark, or an unknown one, as one with a point.

        Raises:
            DialectError: if it can't be read in one way.
        """
        return text

    def _says_nothing(self, cell: Any) -> bool:
        return cell.strip() in self._no_value if isinstance(cell, str) else cell is None and self.is_optional

    def _read_nothing(self) -> Reading:
        return math.nan, "" if self.is_optional else "is missing"


class NumberCells(CellReader):
    """Reads numbers."""

    def read(self, cell: Any, compare: bool = True) -> Reading:  # noqa: ARG002 - of texts
        if type(cell) is float:
            if math.isfinite(cell):
                return cell, ""
            if math.isnan(cell):
                instead = ": send null if it is missing" if self.is_optional else ""
                return math.nan, f"NaN is not a number to predict from{instead}"
            return math.nan, "is too large to be a number here"
        if cell == "" or self._says_nothing(cell):
            return self._read_nothing()
        return math.nan, str(cell) if isinstance(cell, DialectError) else f"expected a number, not {json_type(cell)}"

    def read_column(self, cells: Sequence[Any]) -> Column | None:
        if self._words:
            cells = [None if type(cell) is str and cell in self._words else cell for cell in cells]
        return self._read_numbers(cells, cells.count(None) if self.is_optional else 0)

    def read_csv_column(self, cells: Sequence[str]) -> Column | None:
        blank = 0
        if self.is_optional:
            cells = [cell.strip() for cell in cells]
            if self._words:
                cells = ["" if cell in self._words else cell for cell in cells]
            blank = cells.count("")
            cells = [cell or "null" for cell in cells]
        try:
            values = orjson.loads(f"[{','.join(cells)}]".encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError:
            return None
        return self._read_numbers(values, blank) if len(values) == len(cells) else None

    def _read_numbers(self, cells: Sequence[Any], missing: int) -> Column | None:
        """Return numbers, of which so many are None."""
        if missing:
            cells = [math.nan if cell is None else cell for cell in cells]
        if not set(map(type, cells)) <= _NUMBERS:
            return None
        values = to_float64(cells)
        return (values, {}) if np.count_nonzero(np.isfinite(values)) == len(values) - missing else None

    def parse(self, text: str) -> Any:
        return "" if self._is_word(text) else parse_decimal(text)

    def parse_typed(self, text: str) -> Any:
        return "" if self._is_word(text) else parse_typed(text)

    def with_point(self, text: str, decimal: str) -> str:
        return text if self._is_word(text) else read_decimal(text, decimal)

    def _is_word(self, text: str) -> bool:
        return text.strip() in self._words


class TextCells(CellReader):
    """Reads the texts of a category: as their codes, with no regard to the space around them."""

    takes_texts = True

    def __init__(self, item: Input) -> None:
        super().__init__(item)
        missing = dict.fromkeys((None, *item.no_value), math.nan) if self.is_optional else {}
        self._levels = item.levels
        self._texts: Mapping[Any, float] = missing | item.codes
        numbers = texts_of_numbers(item)
        self._numbers: Mapping[Any, float] = missing | {number: item.codes[text] for number, text in numbers.items()}
        self._takes_numbers = bool(numbers)
        booleans = dict(zip((False, True), item.categories, strict=True)) if item.boolean else {}
        self.codes = dict(chain(item.codes.items(), booleans.items()))
        self._booleans: Mapping[Any, float] = missing | booleans  # last, for true is 1 in a mapping too
        self._takes_booleans = item.boolean
        self._other = item.other
        self._other_name = "" if item.other is None else item.texts[item.other]
        example = item.texts.get(item.example) or item.levels[0]
        self._expected = f"one of {name_levels(item)}" if item.other is None else f"a text like {quote(example)}"

    def read(self, cell: Any, compare: bool = True) -> Reading:
        if isinstance(cell, str):
            return self._read_text(cell.strip(), compare)
        if cell is None:
            return self._read_nothing()
        if isinstance(cell, bool) and self._takes_booleans:
            return self._booleans[cell], ""
        if type(cell) is float and math.isfinite(cell):
            code = self._numbers.get(cell)
            if code is not None:
                return code, ""
            if self._takes_numbers:
                return self._read_text(plain(cell), compare)
        return math.nan, f"expected {self._expected}, not {json_type(cell)}"

    def read_column(self, cells: Sequence[Any]) -> Column | None:
        kinds = set(map(type, cells)) - ({_NONE} if self.is_optional else set())
        if kinds <= {str}:
            return self._look_up(self._texts, cells)
        if kinds <= {bool} and self._takes_booleans:
            return self._look_up(self._booleans, cells)
        if kinds <= _NUMBERS:
            return self._look_up(self._numbers, [cell if cell is None else float(cell) for cell in cells])
        return None

    def read_csv_column(self, cells: Sequence[str]) -> Column | None:
        return self._look_up(self._texts, cells)

    def _look_up(self, table: Mapping[Any, float], cells: Sequence[Any]) -> Column | None:
        codes = list(map(table.get, cells))
        if None not in codes:
            return to_float64(codes), {}
        warnings: dict[int, str] = {}
        readings: dict[Any, Reading] = {}
        for position, cell in enumerate(cells):
            if codes[position] is None:
                if cell not in readings:
                    readings[cell] = self.read(cell, compare=False)
                codes[position], message = value, _ = readings[cell]
                if message and math.isnan(value):
                    return None
                if message:
                    warnings[position] = message
        return to_float64(codes), warnings

    def _read_text(self, text: str, compare: bool) -> Reading:
        code = self._texts.get(text)
        if code is not None:
            return code, ""
        if not text:
            return self._read_nothing()
        unknown = f"{quote(text)} is not known"
        if self._other is not None:
            taken = f"taken as {quote(self._other_name)}{remark_on_encoding(text)}"
            return self._other, f"{unknown} to this version: {taken}"
        like = find_like(self._levels, text) if compare else ""
        hint = remark_on_encoding(text) or (f"; did you mean {quote(like)}?" if like else "")
        return math.nan, f"{unknown}: expected {self._expected}{hint}"


def make_reader(item: Input) -> CellReader:
    """Return what reads the cells of an input."""
    return TextCells(item) if item.levels else NumberCells(item)
