"""The columns of a CSV file: what each holds, and which texts mean that a value is missing."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from registry import parse_date, parts_of
from train.dataset import Floats
from train.dataset.csv_file import open_rows
from train.init import dates
from train.init.cells import Cells, columns_of
from train.init.column import BOOLEAN, DATE, EMPTY, NUMBER, TEXT, Column
from train.init.missing import WORDS, in_numbers, in_texts
from train.init.numbers import (
    CODE,
    COMMA,
    COMMA_3,
    EXPONENT,
    INTEGER,
    POINT,
    POINT_3,
    find_decimal,
    forms_of,
    number_form,
    only_three_decimals,
    unit_of,
    unreadable,
)
from train.spec.booleans import false_first
from train.spec.csv_format import CsvFormat

LARGEST = 1e36  # leaves room for limits in float32
MAX_ODD_LEVELS = 20  # texts and numbers in one column are levels if there are no more of them


@dataclass(frozen=True, slots=True)
class Table:
    """All columns of a file, and what they tell of its format.

    Attributes:
        rows: how many it has.
        form: with the decimal mark, and the words for missing values.
        sha256: of the file.
    """

    columns: list[Column]
    rows: int
    form: CsvFormat
    sha256: str


def read_table(path: Path, form: CsvFormat) -> Table:
    """Read a file, and find the type of each column.

    Raises:
        TrainError: naming the line that can't be read.
    """
    lines = array("q")
    columns: list[Column] = []
    forms: dict[int, Mapping[str, str]] = {}  # of each column of numbers, by its place
    with open_rows(path, form) as file:
        for place, cells in enumerate(columns_of(_rows(file.rows, lines), len(file.names))):
            columns.append(Column(file.names[place], cells))
            forms |= {place: found} if (found := _find_kind(columns[place], lines)) else {}
        sha256 = file.sha256()
    _name_alike(columns)
    decimal = form.decimal or find_decimal(forms.values(), form.separator)
    for place, found in forms.items():
        _require_readable(columns[place], found, decimal)
    words = set().union(*(column.words for column in columns if not column.left_out))
    for column in columns:
        if column.kind in (TEXT, BOOLEAN):
            _count_levels(column, words)
    return Table(columns, len(lines), _completed(form, decimal or ".", words), sha256)


def _rows(rows: Iterable[tuple[int, list[str]]], lines: array[int]) -> Iterator[list[str]]:
    """Yield the cells of each row, and note the line on which it ends."""
    for line, row in rows:
        lines.append(line)
        yield row


def _completed(form: CsvFormat, decimal: str, words: set[str]) -> CsvFormat:
    return replace(form, decimal=decimal, missing=tuple(sorted(words)))


def _find_kind(column: Column, lines: Sequence[int]) -> Mapping[str, str]:
    """Set the kind of a column, and why it can't be used. Read its values, if they are numbers or dates.

    Returns:
        the forms of its numbers, as :func:`forms_of` returns them; nothing if it holds others.
    """
    cells = column.cells
    values = [text for text in cells.texts if text not in WORDS]
    if not values:
        column.kind = EMPTY
        column.left_out = "it has no values"
        return {}
    forms = forms_of(values)
    if dates.are_dates(values):
        column.kind, column.date_format = DATE, dates.AS_NUMBER
    elif "" not in forms:
        # Zeros in front: codes such as 01234, which would be others as numbers.
        column.kind = TEXT if CODE in forms else NUMBER
        column.note = "codes with zeros in front: read as texts" if column.kind == TEXT else ""
    elif form := dates.date_format(values):
        column.kind, column.date_format = DATE, form
    elif dates.is_ambiguous(values):
        column.left_out = f"{values[0]} may have the day or the month first: write dates as 2026-12-31"
    else:
        _find_mixed(column, values, lines)
    column.words = in_numbers(cells.texts) if column.kind in (NUMBER, DATE) else in_texts(cells.texts)
    if column.kind == DATE:
        column.values = _days(cells.texts, column.date_format)[cells.codes]
    if column.kind != NUMBER:
        return {}
    column.values, column.cells = _numbers(cells.texts, forms)[cells.codes], Cells()
    column.thousands = only_three_decimals(forms)
    return forms


def _find_mixed(column: Column, values: Sequence[str], lines: Sequence[int]) -> None:
    """Set the kind of a column of texts, or of texts and numbers."""
    if false_first(values):
        column.kind = BOOLEAN
    if len(values) <= MAX_ODD_LEVELS:
        return
    if unit := unit_of(values):
        column.left_out = (
            f"its numbers have a unit behind them, {unit}, as in {values[0][:30]!r}: write the number alone"
        )
        return
    counts = column.cells.counts()
    others = [cell for cell in values if not number_form(cell)]
    if sum(counts[cell] for cell in others) <= 0.5 * sum(counts[cell] for cell in values):
        line = lines[column.cells.first_row(others[0])]
        column.left_out = f"it holds numbers, but {others[0][:30]!r} on line {line}: correct such cells, or empty them"
    elif odd := dates.odd_one(values):
        line = lines[column.cells.first_row(odd)]
        column.left_out = (
            f"it holds dates, but {odd[:30]!r} on line {line} is none, or is written in another way: "
            "write all as 2026-12-31, or empty such cells"
        )


def _days(texts: Sequence[str], form: str) -> Floats:
    times = [parse_date(text, form) for text in texts]
    return np.array([math.nan if time is None else parts_of(time)["days"] for time in times])


def _numbers(texts: Sequence[str], forms: Mapping[str, str]) -> Floats:
    """Return the number of each text, NaN where it is missing, and of all if some have marks beside their decimals.

    Either mark is read as that of decimals. Which one it is the whole file tells: see :func:`_require_readable`.
    """
    if not forms.keys() <= {INTEGER, EXPONENT, POINT, POINT_3, COMMA, COMMA_3}:
        return np.full(len(texts), math.nan)
    return np.array([math.nan if text in WORDS else float(text.replace(",", ".")) for text in texts])


def _name_alike(columns: Sequence[Column]) -> None:
    names = Counter(column.name for column in columns)
    for column in columns:
        if not column.name and not column.left_out:
            column.left_out = "it has no name: name all columns with --columns, and --header, to use it"
        elif names[column.name] > 1:
            column.left_out = f"{names[column.name]} columns have this name: name all with --columns and --header"


def _require_readable(column: Column, forms: Mapping[str, str], decimal: str) -> None:
    """Leave a column of numbers out if they can't be read in one way, or are too large."""
    reason = unreadable(forms, decimal)
    if not reason and np.nanmax(np.abs(column.values)) > LARGEST:
        reason = "it has numbers that are too large"
    if reason:
        column.values = np.full(len(column.values), math.nan)
    column.left_out = column.left_out or reason


def _count_levels(column: Column, words: set[str]) -> None:
    """Count the levels of a column of texts. A word for missing numbers means the same in every column."""
    counts = column.cells.counts()
    column.levels = Counter({cell: count for cell, count in counts.items() if cell and cell not in words})
    if column.kind == BOOLEAN and len(column.levels) != 2:
        column.kind = TEXT
    if not column.levels and not column.left_out:
        column.kind, column.left_out = EMPTY, "it has no values"
