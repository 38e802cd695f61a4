"""The columns of a CSV file: what each holds, and which texts mean that a value is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.dataset import Floats
from train.dataset.csv_columns import parse_number
from train.dataset.csv_file import open_rows
from train.dataset.input_values import parts_of
from train.init import dates
from train.init.missing import WORDS, in_numbers, in_texts
from train.init.numbers import CODE, find_decimal, forms_of, number_form, unit_of, unreadable
from train.spec.csv_format import CsvFormat

Bools = NDArray[np.bool_]

NUMBER, TEXT, BOOLEAN, DATE, EMPTY = "number", "text", "boolean", "date", "empty"
LARGEST = 1e36  # leaves room for limits in float32
MAX_ODD_LEVELS = 20  # texts and numbers in one column are levels if there are no more of them
_BOOLEANS = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"off", "on"})


@dataclass
class Column:
    """One column.

    Attributes:
        name: in the header; may be empty.
        cells: without the spaces around them, in the order of the rows.
        kind: NUMBER, TEXT, BOOLEAN, DATE or EMPTY.
        left_out: why the model does not use it; empty if it does.
        is_judged: whether that is a judgement, which a person may overrule.
        is_wanted: whether a person wants it as an input, whatever is judged.
        values: of a number, float64 (n,), of a date the days since 1970; NaN where it is missing.
        levels: of texts, how often each occurs, without missing ones.
        date_format: as :func:`datetime.strptime` names it.
        note: what a person should know of it; may be empty.
        words: the texts, other than the empty one, that mean in this column that there is no value.
        is_optional: whether a row that :meth:`keep` dropped has no value.
    """

    name: str
    cells: list[str]
    kind: str = TEXT
    left_out: str = ""
    is_judged: bool = False
    is_wanted: bool = False
    values: Floats = field(default_factory=lambda: np.empty(0))
    levels: Counter[str] = field(default_factory=Counter)
    date_format: str = ""
    note: str = ""
    words: set[str] = field(default_factory=set)
    is_optional: bool = False

    @property
    def is_missing(self) -> Bools:
        """Where it has no value, (n,)."""
        if self.kind in (NUMBER, DATE):
            return np.isnan(self.values)
        return np.array([cell not in self.levels for cell in self.cells], dtype=bool)

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
        self.cells = [cell for cell, stays in zip(self.cells, rows.tolist(), strict=True) if stays]
        self.values = self.values[rows] if self.values.size else self.values
        self.levels = Counter(cell for cell in self.cells if cell in self.levels)


@dataclass(frozen=True, slots=True)
class Table:
    """All columns of a file, and what they tell of its format.

    Attributes:
        lines: the line on which each row ends.
        form: with the decimal mark, and the words for missing values.
        sha256: of the file.
    """

    columns: list[Column]
    lines: list[int]
    form: CsvFormat
    sha256: str


def read_table(path: Path, form: CsvFormat) -> Table:
    """Read a file, and find the type of each column.

    Raises:
        TrainError: naming the line that can't be read.
    """
    lines: list[int] = []
    shared: dict[str, str] = {}  # equal cells are one object: a large file has few different texts
    with open_rows(path, form) as file:
        columns = [Column(name, []) for name in file.names]
        append = [column.cells.append for column in columns]
        for line, row in file.rows:
            lines.append(line)
            for add, cell in zip(append, row, strict=True):
                text = cell.strip()
                add(shared.setdefault(text, text) if len(text) < 4 else text)
        sha256 = file.sha256()
    counts = [Counter(column.cells) for column in columns]
    for column, counted in zip(columns, counts, strict=True):
        _find_kind(column, counted, lines)
    _name_alike(columns)
    numbers = [forms_of(count) for column, count in zip(columns, counts, strict=True) if column.kind == NUMBER]
    decimal = form.decimal or find_decimal(numbers, form.separator)
    for column, counted in zip(columns, counts, strict=True):
        if column.kind == NUMBER:
            _read_numbers(column, counted, decimal)
    words = set().union(*(column.words for column in columns if not column.left_out))
    for column, counted in zip(columns, counts, strict=True):
        if column.kind in (TEXT, BOOLEAN):
            _count_levels(column, counted, words)
    return Table(columns, lines, _completed(form, decimal or ".", words), sha256)


def _completed(form: CsvFormat, decimal: str, words: set[str]) -> CsvFormat:
    return CsvFormat(form.encoding, form.separator, decimal, form.quote, form.columns, form.skip, tuple(sorted(words)))


def _find_kind(column: Column, counts: Counter[str], lines: Sequence[int]) -> None:
    """Set the kind of a column, and why it can't be used."""
    values = [cell for cell in counts if cell not in WORDS]
    if not values:
        column.kind = EMPTY
        column.left_out = "it has no values"
        return
    forms = {cell: number_form(cell) for cell in values}
    if dates.are_dates(values):
        column.kind, column.date_format = DATE, dates.AS_NUMBER
        column.values = _days(column.cells, dates.AS_NUMBER)
    elif all(forms.values()):
        # Zeros in front: codes such as 01234, which would be others as numbers.
        column.kind = TEXT if CODE in forms.values() else NUMBER
        column.note = "codes with zeros in front: read as texts" if column.kind == TEXT else ""
    elif form := dates.date_format(values):
        column.kind, column.date_format = DATE, form
        column.values = _days(column.cells, form)
    elif dates.is_ambiguous(values):
        column.left_out = f"{values[0]} may have the day or the month first: write dates as 2026-12-31"
    else:
        _find_mixed(column, counts, forms, lines)
    column.words = in_numbers(counts) if column.kind in (NUMBER, DATE) else in_texts(counts)


def _find_mixed(column: Column, counts: Counter[str], forms: dict[str, str], lines: Sequence[int]) -> None:
    """Set the kind of a column of texts, or of texts and numbers."""
    texts = {cell.lower() for cell in forms}
    if any(len(texts) == len(forms) and texts == pair for pair in _BOOLEANS):
        column.kind = BOOLEAN
    if len(forms) > MAX_ODD_LEVELS and (unit := unit_of(forms)):
        example = next(iter(forms))
        column.left_out = f"its numbers have a unit behind them, {unit}, as in {example[:30]!r}: write the number alone"
        return
    numbers = sum(counts[cell] for cell, form in forms.items() if form)
    odd = next(cell for cell, form in forms.items() if not form)
    if len(forms) > MAX_ODD_LEVELS and numbers >= 0.5 * sum(counts[cell] for cell in forms):
        line = lines[column.cells.index(odd)]
        column.left_out = f"it holds numbers, but {odd[:30]!r} on line {line}: correct such cells, or empty them"
    elif len(forms) > MAX_ODD_LEVELS and (odd := dates.odd_one(list(forms))):
        line = lines[column.cells.index(odd)]
        column.left_out = (
            f"it holds dates, but {odd[:30]!r} on line {line} is none, or is written in another way: "
            "write all as 2026-12-31, or empty such cells"
        )


def _days(cells: Sequence[str], form: str) -> Floats:
    known = {cell: dates.parse(cell, form) for cell in set(cells)}
    days = {cell: math.nan if time is None else parts_of(time)["days"] for cell, time in known.items()}
    return np.array([days[cell] for cell in cells])


def _name_alike(columns: Sequence[Column]) -> None:
    names = Counter(column.name for column in columns)
    for column in columns:
        if not column.name and not column.left_out:
            column.left_out = "it has no name: name all columns with --columns, and --header, to use it"
        elif names[column.name] > 1:
            column.left_out = f"{names[column.name]} columns have this name: name all with --columns and --header"


def _read_numbers(column: Column, counts: Counter[str], decimal: str) -> None:
    values = [cell for cell in counts if cell not in WORDS]
    reason = unreadable(forms_of(values), decimal)
    known = dict.fromkeys(counts, float("nan"))
    if not reason:
        try:
            known |= {cell: parse_number(cell, decimal or ".") for cell in values}
        except ValueError:  # such as 1e400
            known |= dict.fromkeys(values, math.inf)
        if any(abs(known[cell]) > LARGEST for cell in values):
            reason = "it has numbers that are too large"
    column.values = np.array([known[cell] for cell in column.cells])
    column.left_out = column.left_out or reason


def _count_levels(column: Column, counts: Counter[str], words: set[str]) -> None:
    """Count the levels of a column of texts. A word for missing numbers means the same in every column."""
    column.levels = Counter({cell: count for cell, count in counts.items() if cell and cell not in words})
    if column.kind == BOOLEAN and len(column.levels) != 2:
        column.kind = TEXT
    if not column.levels and not column.left_out:
        column.kind, column.left_out = EMPTY, "it has no values"
