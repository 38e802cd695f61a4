"""What parts the cells of a CSV file, and what stands around them: found by reading the file in each way.

A way of reading is right if every line has the same number of cells, and the cells look like values.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from train.dataset.csv_file import split_line
from train.init.dates import date_format
from train.init.missing import WORDS
from train.init.numbers import GROUPED, MARKED, number_form
from train.spec.csv_format import SEPARATORS, WHITESPACE

_HEAD = 2000  # records that rule out most ways
_SAMPLE = 1000  # records whose cells are looked at
_SINGLE = re.compile(r"'.*'", re.DOTALL)
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_FOREIGN = {mark: re.compile(f"[{re.escape(',;|^' + chr(9)).replace(re.escape(mark), '')}]") for mark in SEPARATORS}

_Row = TypeVar("_Row")
Record = tuple[int, list[str]]  # the line on which it begins, and its cells without the spaces around them


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as one separator and one quote read it.

    Attributes:
        records: those that could be read; blank lines are none.
        width: the number of cells that most records have.
        odd: the records that have another number.
        fault: why reading stopped, empty if it did not.
        score: how much the cells look like values, 0 to 1, times the share of the records that have the same width.
    """

    separator: str
    quote: str
    records: list[Record]
    width: int
    odd: list[Record]
    fault: str
    score: float

    @property
    def is_even(self) -> bool:
        """Whether every line was read, to the same number of cells."""
        return not self.odd and not self.fault


def readings(text: str, separator: str = "") -> list[Reading]:
    """Return the readings of a text in which most lines have the same two or more cells, the most likely first.

    Args:
        separator: the only one to try; empty for all.
    """
    quotes = ['"', "'"] if re.search(r"(^|[\s,;|:^])'", text[: 1 << 20]) else ['"']
    found = [
        reading
        for mark in ([separator] if separator else SEPARATORS)
        for quote in quotes
        if (reading := read(text, mark, quote)).width > 1
    ]
    return sorted(found, key=lambda reading: -reading.score)


def read(text: str, separator: str, quote: str) -> Reading:
    """Read a text in one way. A way that a head of it rules out is followed no further."""
    records: list[Record] = []
    fault = ""
    try:
        for record in iterate(text, separator, quote):
            records.append(record)
            if len(records) == _HEAD and (fault := _hopeless(records)):
                break
    except csv.Error as error:
        fault = f"line {records[-1][0] + 1 if records else 1} or after: {error}"
    widths = Counter(len(cells) for _, cells in records)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    odd = [record for record in records if len(record[1]) != width]
    even = [cells for _, cells in records if len(cells) == width]
    share = count / max(len(records), 1) * (0.5 if fault else 1)
    return Reading(separator, quote, records, width, odd, fault, share * _likeness(even, separator, quote))


def _hopeless(head: list[Record]) -> str:
    """Return why the first records rule out a way of reading; empty if they do not."""
    width, count = Counter(len(cells) for _, cells in head).most_common(1)[0]
    if count < 0.5 * len(head):
        return "most lines have different numbers of cells"
    return "most lines have one cell" if width == 1 else ""


def half_quoted(reading: Reading) -> Record | None:
    """Return the first record with a cell in single quotes, if other texts have none; None if all have, or none has.

    Args:
        reading: with double quotes.
    """
    quoted = next((record for record in reading.records if any(map(_SINGLE.fullmatch, record[1]))), None)
    texts = (cell for _, cells in reading.records[1:] for cell in cells if _is_text(cell))
    return None if quoted is None or all(map(_SINGLE.fullmatch, texts)) else quoted


def is_in_values_only(mark: str, reading: Reading) -> bool:
    """Say whether a mark stands in no cells but numbers, dates and times."""
    return not any(
        mark in cell and _cell_likeness(cell, reading.separator, reading.quote) < 1
        for _, cells in _sample(reading.records[1:])
        for cell in cells
    )


def _is_text(cell: str) -> bool:
    return cell not in WORDS and not number_form(cell) and not date_format([cell])


def iterate(text: str, separator: str, quote: str) -> Iterator[Record]:
    """Yield the records of a text, each with the line on which it begins. Blank lines are none.

    Raises:
        csv.Error: if a cell's quotes are not closed, or text stands behind them.
    """
    lines = io.StringIO(text, newline="")
    if separator == WHITESPACE:
        yield from _split(lines, quote)
        return
    reader = csv.reader(lines, delimiter=separator, quotechar=quote, strict=True, skipinitialspace=True)
    before = 0
    for cells in reader:
        if any(cells):
            yield before + 1, [cell.strip() for cell in cells]
        elif cells:  # only separators
            yield before + 1, [""] * len(cells)
        before = reader.line_num


def _split(lines: Iterator[str], quote: str) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        try:
            cells = split_line(line, quote)
        except ValueError as error:
            raise csv.Error(str(error)) from error
        if cells:
            yield number, cells


def _likeness(rows: list[list[str]], separator: str, quote: str) -> float:
    """Return how much cells look like values, 0 to 1: numbers, dates and missing ones do most, lists of cells least."""
    cells = [cell for row in _sample(rows[1:]) or rows for cell in row]
    return sum(_cell_likeness(cell, separator, quote) for cell in cells) / max(len(cells), 1)


def _sample(rows: list[_Row]) -> list[_Row]:
    return rows[:: max(len(rows) // _SAMPLE, 1)]


def _cell_likeness(cell: str, separator: str, quote: str) -> float:
    other = "'" if quote == '"' else '"'
    if cell.startswith(other):
        return 0.0 if cell.endswith(other) and len(cell) > 1 else 0.2
    form = number_form(cell)
    if form in (GROUPED, MARKED):  # may also be cells that another mark parts
        return 0.7
    if form or cell in WORDS or _TIME.fullmatch(cell) or date_format([cell]):
        return 1.0
    return 0.1 if _FOREIGN[separator].search(cell) else 0.6
