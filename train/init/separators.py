"""What parts the cells of a CSV file, and what stands around them: found by reading the file in each way.

A way of reading is right if every line has the same number of cells, and the cells look like values.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import eq

from train.dataset.csv_file import split_line
from train.init.dates import date_format
from train.init.missing import WORDS
from train.init.numbers import GROUPED, MARKED, number_form
from train.spec.csv_format import SEPARATORS, WHITESPACE

_HEAD = 2000  # records that rule out most ways
_SAMPLE = 2000  # records whose cells are looked at, at most
_SINGLE = re.compile(r"'.*'", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_FOREIGN = {mark: re.compile(f"[{re.escape(',;|^' + chr(9)).replace(re.escape(mark), '')}]") for mark in SEPARATORS}

Record = tuple[int, list[str]]  # the line on which it begins, and its cells without the spaces around them


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as one separator and one quote read it. It holds few of the records, since a file may have millions.

    Attributes:
        text: the whole file.
        lines: the line on which each record begins that could be read; blank lines are none.
        head: the first records.
        sampled: records from the whole file: the place of each, and its cells.
        width: the number of cells that most records have.
        odd: the line and the number of cells of each record that has another number.
        fault: why reading stopped, empty if it did not.
        score: how much the cells look like values, 0 to 1, times the share of the records that have the same width.
    """

    text: str
    separator: str
    quote: str
    lines: Sequence[int]
    head: list[Record]
    sampled: list[tuple[int, list[str]]]
    width: int
    odd: list[tuple[int, int]]
    fault: str
    score: float

    @property
    def is_even(self) -> bool:
        """Whether every line was read, to the same number of cells."""
        return not self.odd and not self.fault

    def records(self, start: int = 0) -> Iterator[Record]:
        """Yield the records from a place on, up to the fault if there is one. Each call reads the text again."""
        with suppress(csv.Error):
            yield from islice(iterate(self.text, self.separator, self.quote), start, len(self.lines))

    def sample(self, start: int, stop: int | None = None) -> list[list[str]]:
        """Return the cells of records between two places: of all if they are few, else of some that lie evenly."""
        end = len(self.lines) if stop is None else stop
        return [cells for place, cells in self.sampled if start <= place < end and len(cells) == self.width]

    def equals(self, other: Reading) -> bool:
        """Say whether both read the same cells from the same lines."""
        mine, theirs = (self.width, self.fault, self.lines), (other.width, other.fault, other.lines)
        return mine == theirs and self.head == other.head and all(map(eq, self.records(), other.records()))


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
    lines, widths = array("q"), array("i")
    head: list[Record] = []
    sampled: list[tuple[int, list[str]]] = []
    step, fault = 1, ""
    try:
        for place, record in enumerate(iterate(text, separator, quote)):
            lines.append(record[0])
            widths.append(len(record[1]))
            if place < _HEAD:
                head.append(record)
            elif place == _HEAD and (fault := _hopeless(head)):
                break
            if place % step == 0:
                sampled.append((place, record[1]))
            if len(sampled) > _SAMPLE:
                sampled, step = sampled[::2], 2 * step
    except csv.Error as error:
        fault = f"line {lines[-1] + 1 if lines else 1} or after: {error}"
    width, count = max(Counter(widths).items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    odd = [(line, cells) for line, cells in zip(lines, widths, strict=True) if cells != width]
    even = [cells for _, cells in sampled if len(cells) == width]
    share = count / max(len(lines), 1) * (0.5 if fault else 1)
    score = share * _likeness(even[1:] or even, separator, quote)
    return Reading(text, separator, quote, lines, head, sampled, width, odd, fault, score)


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
    quoted = next((record for record in reading.records() if any(map(_SINGLE.fullmatch, record[1]))), None)
    texts = (cell for _, cells in reading.records(1) for cell in cells if _is_text(cell))
    return None if quoted is None or all(map(_SINGLE.fullmatch, texts)) else quoted


def is_in_values_only(mark: str, reading: Reading) -> bool:
    """Say whether a mark stands in no cells but numbers, dates and times."""
    return not any(
        mark in cell and _cell_likeness(cell, reading.separator, reading.quote) < 1
        for cells in reading.sample(1)
        for cell in cells
    )


def _is_text(cell: str) -> bool:
    return cell not in WORDS and not number_form(cell) and not date_format([cell])


def iterate(text: str, separator: str, quote: str) -> Iterator[Record]:
    """Yield the records of a text, each with the line on which it begins. Blank lines are none.

    Raises:
        csv.Error: if a cell's quotes are not closed, or text stands behind them.
    """
    lines = (line[0] for line in _LINE.finditer(text))
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
    cells = [cell for row in rows for cell in row]
    return sum(_cell_likeness(cell, separator, quote) for cell in cells) / max(len(cells), 1)


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
