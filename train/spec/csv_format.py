"""How a CSV file is written, as the keys of `[data]` in a spec say it.

Owns these keys. What they leave out is found from the file when it is read.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from csv_dialect import read_decimal
from train.spec.toml_reader import TomlTable

WHITESPACE = "whitespace"
SEPARATORS = (",", ";", "\t", "|", ":", "^", WHITESPACE)
_QUOTES = ('"', "'", "")


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a CSV file is written.

    Attributes:
        encoding: as Python names it; empty for UTF-8, or UTF-16 if the first bytes say so.
        separator: one of SEPARATORS; empty to find it by the columns that the header must name.
        decimal: the mark of decimals, ``.`` or ``,``; empty for ``.`` if there is a separator, else to find it.
        quote: what stands around a cell that holds separators or line breaks; empty for none.
        columns: the names of the columns of a file without a header; empty if the first line names them.
        skip: how many lines stand before the header, or before the first row; blank ones count.
        missing: the texts that mean no value, beside the empty one; a column of numbers that the model does not use
            may have empty cells only if there is one.
    """

    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    quote: str = '"'
    columns: tuple[str, ...] = ()
    skip: int = 0
    missing: tuple[str, ...] = ()

    @property
    def no_value(self) -> frozenset[str]:
        """The texts of a cell that has no value."""
        return frozenset(("", *self.missing))

    @property
    def missing_numbers(self) -> frozenset[float]:
        """The numbers that some of these texts are: a number that is one of them means no value, however written."""
        decimal = self.decimal or ("." if self.separator else "")
        numbers = set()
        for word in self.missing:
            with suppress(ValueError):
                numbers.add(parse_number(word, decimal))
        return frozenset(numbers)

    def to_toml(self) -> dict[str, Any]:
        """Return the keys that say so in a spec's `[data]`."""
        content: dict[str, Any] = {}
        for key in ("encoding", "separator", "decimal", "skip"):
            if getattr(self, key):
                content[key] = getattr(self, key)
        if self.quote != '"':
            content["quote"] = self.quote
        if self.columns:
            content |= {"header": False, "columns": list(self.columns)}
        if self.missing:
            content["missing"] = list(self.missing)
        return content


def parse_number(cell: str, decimal: str) -> float:
    """Return the number in a cell.

    Args:
        decimal: the mark of decimals; empty if nobody knows.

    Raises:
        ValueError: saying what the cell holds instead.
    """
    text = read_decimal(cell, decimal)
    try:
        value = float(text) if "_" not in text else math.nan  # Python would read 1_000 as a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"expected a number, not {cell[:40]!r}")
    return value


def read_format(table: TomlTable) -> CsvFormat:
    """Read the keys of a spec's `[data]` that say how the file is written.

    Raises:
        TrainError: naming the key that has a value that is not allowed, or that needs another one.
    """
    encoding, separator = table.string("encoding", ""), table.choice("separator", SEPARATORS, "")
    try:
        "a".encode(encoding or "utf-8")
    except (LookupError, ValueError) as error:
        raise table.error("encoding", f"expected one like 'utf-8', 'latin-1' or 'cp1252', not {encoding!r}") from error
    if not separator:
        for key in ("quote", "header", "skip"):
            if key in table:
                raise table.error(key, "a file that is read so needs the separator too; add data.separator")
    columns: tuple[str, ...] = ()
    if not table.boolean("header", True):
        columns = table.strings("columns")
        if not columns or any(not name or name != name.strip() for name in columns):
            raise table.error("columns", f"expected a name for each column of the file, not {list(columns)}")
    elif "columns" in table:
        raise table.error("columns", "the file's header names its columns; add header = false if it has none")
    missing = table.strings("missing", ())
    for word in missing:
        if word != word.strip():
            raise table.error("missing", f"cells are read without the spaces around them; remove those of {word!r}")
    return CsvFormat(
        encoding=encoding,
        separator=separator,
        decimal=table.choice("decimal", (".", ","), ""),
        quote=table.choice("quote", _QUOTES, '"'),
        columns=columns,
        skip=table.integer("skip", 0, 1_000_000) if "skip" in table else 0,
        missing=missing,
    )
