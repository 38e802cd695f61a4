"""CSV with a header: from bytes to blocks of records, each with its text, its line and its numbers.

Inputs are found by name or alias, in any order of columns; other columns are left alone. A block of nothing but numbers
is parsed in a few passes in C; others go through the csv module. Knows no HTTP and no model.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import orjson

from app.decode import Decoder
from app.errors import Problem, Refusal
from app.rows import Table, Values

_BLOCK = 1 << 18  # bytes that are looked at together
_RECORDS = 1 << 13  # records of the csv module that are looked at together
_LONGEST = 1 << 20  # bytes that a line, or a record of several lines, may have
_AGAIN = 8 * _LONGEST  # bytes of a text that are read once more because of quotes without an end
_COLUMNS = 1000  # that a header may have
# What the csv module says of a record, and what a person is told.
_NO_END, _TOO_LONG = "unexpected end of data", "field larger than field limit"
_FAULTS = (
    (_NO_END, "has a quote without an end"),
    (_TOO_LONG, f"is longer than {_LONGEST} bytes"),
    ("expected after", "has text behind the end of a quote"),
    ("new-line character", "has a carriage return within it"),
)
# What a number may hold that JSON writes alike.
_DIGITS = b"0123456789.eE+-"


@dataclass(frozen=True, slots=True)
class Block:
    """Some records: as they were sent but for the end of the line, the line at which each begins, and their numbers.

    Of a record with more columns than the header, what is too much is left out; one that is no CSV is the text of one
    column. ``missing`` says by row how many columns are not there, for who wants to add further ones.
    """

    records: list[bytes]
    lines: Sequence[int]
    table: Table
    missing: dict[int, int]


class Reader:
    """Reads one CSV text.

    Args:
        read: gives at most so many bytes of it, and none at its end.

    Attributes:
        header: the header as it was sent, without a byte order mark and the end of the line.
        names: the columns' names.
        end: the end of a line, as the header has it.

    Raises:
        Refusal: 400 if there is no header, 422 if an input is missing in it or there twice.
    """

    def __init__(self, read: Callable[[int], bytes], decoder: Decoder) -> None:
        csv.field_size_limit(_LONGEST)  # who is refused for less resets the csv module in the middle of a quote
        self._read = read
        self._decoder = decoder
        self._rest = self._ahead = b""
        self._read_again = 0  # bytes
        self._line = 1  # the next one
        self._left = deque(_lines(self._more().removeprefix(b"\xef\xbb\xbf")))
        _, raw, cells, fault = next(self._parse(), (0, b"", [], "there is none; the first line names the columns"))
        if fault:
            raise Refusal(400, f"the header: {fault}")
        self.end = b"\r\n" if raw.endswith(b"\r\n") else b"\n"
        self.header = raw.rstrip(b"\r\n")
        self.names = [name.strip() for name in cells]
        if len(self.names) > _COLUMNS:
            raise Refusal(400, f"the header: has {len(self.names)} columns: send at most {_COLUMNS}")
        self._order = decoder.columns(self.names)
        self._ahead = b"".join(self._left)  # what came with the header is a block of its own
        self._left.clear()

    def blocks(self) -> Iterator[Block]:
        """The records, in order. Blank lines are passed over.

        Raises:
            Refusal: 400, with the line, if a line has no end.
        """
        while self._left or (block := self._more()):
            if not self._left:
                text = block.replace(b"\r\n", b"\n")
                values = self._numbers(text)
                if values is not None:
                    records = text.removesuffix(b"\n").split(b"\n")
                    lines = range(self._line, self._line + len(records))
                    self._line += len(records)
                    yield Block(records, lines, Table(values), {})
                    continue
                self._left.extend(_lines(block))
            if (some := self._records()).records:
                yield some

    def _more(self) -> bytes:
        """The next whole lines; the last one may have no end. Empty at the end of the text."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        parts = [self._rest]
        size = len(self._rest)
        self._rest = b""
        while data := self._read(_BLOCK):
            lines, newline, rest = data.rpartition(b"\n")
            if newline:
                self._rest = rest
                return b"".join([*parts, lines, newline])
            parts.append(data)
            size += len(data)
            if size > _LONGEST:
                raise Refusal(400, f"a line from line {self._line} on is longer than {_LONGEST} bytes")
        return b"".join(parts)

    def _numbers(self, block: bytes) -> Values | None:
        """The inputs of a block of nothing but rows of numbers, one for each column; None if it is anything else."""
        width = len(self.names)
        lines = block.removesuffix(b"\n")
        count = lines.count(b"\n") + 1
        frame = lines.translate(None, _DIGITS) + b"\n"
        if len(frame) != width * count or frame != (b"," * (width - 1) + b"\n") * count:
            return None
        cells = _parsed(lines.replace(b"\n", b","), width * count)
        if cells is None:
            return None
        values = np.array(cells, dtype=np.float64).reshape(count, width)
        return values if self._order == list(range(width)) else values[:, self._order]

    def _records(self) -> Block:
        """Records of the lines that are left, and of the next block what belongs to the last of them."""
        rows: list[list[str]] = []
        records: list[bytes] = []
        lines: list[int] = []
        faults: dict[int, str] = {}
        missing: dict[int, int] = {}
        width = len(self.names)
        for line, raw, cells, fault in islice(self._parse(), _RECORDS):
            row = len(records)
            record = raw.rstrip(b"\r\n")
            if fault:
                cells = [raw.decode("utf-8", "surrogateescape").rstrip("\r\n")]
                record = _written(cells)
            elif len(cells) > width:
                record = _written(cells[:width])
            if fault or len(cells) != width:
                faults[row] = fault or f"has {len(cells)} columns, the header {width}"
                missing[row] = max(0, width - len(cells))
            else:
                rows.append([cells[column] for column in self._order])
            records.append(record)
            lines.append(line)
        return Block(records, lines, self._table(rows, faults), missing)

    def _parse(self) -> Iterator[tuple[int, bytes, list[str], str]]:
        """Of each record left its line, its bytes, its cells, and what is wrong with it as CSV."""
        taken: list[bytes] = []
        reader = csv.reader(self._take(taken), strict=True)
        while self._left:
            line, cells, fault = self._line, [], ""
            try:
                cells = next(reader, [])
            except csv.Error as error:
                fault = next((words for said, words in _FAULTS if said in str(error)), str(error))
                self._put_back(taken[1:])  # the fault is its first line's: the others may be sound
                del taken[1:]
                reader = csv.reader(self._take(taken), strict=True)  # the other one may have been at the end
            raw = b"".join(taken)
            taken.clear()
            self._line += raw.count(b"\n")
            if cells or fault:
                yield line, raw, cells, fault

    def _put_back(self, lines: list[bytes]) -> None:
        """Have lines read once more; but not for ever, where each of them leaves a quote open for the next."""
        self._read_again += sum(map(len, lines))
        if self._read_again > _AGAIN:
            raise Refusal(400, f"line {self._line}: has a quote without an end, like many lines before")
        self._left.extendleft(reversed(lines))

    def _take(self, taken: list[bytes]) -> Iterator[str]:
        """Takes line after line off those that are left; beyond them only while a quote is open."""
        size = 0
        while self._left or self._refill():
            line = self._left.popleft()
            size = size + len(line) if taken else len(line)
            taken.append(line)
            if size > _LONGEST:
                raise csv.Error(_NO_END if len(taken) > 1 else _TOO_LONG)
            yield line.decode("utf-8", "surrogateescape")

    def _refill(self) -> bool:
        self._left.extend(_lines(self._more()))
        return bool(self._left)

    def _table(self, rows: list[list[str]], faults: dict[int, str]) -> Table:
        """The numbers of the rows that are CSV, and a problem for each between them that is not."""
        found = self._read_rows(rows)
        if not faults:
            return found
        places = [row for row in range(len(rows) + len(faults)) if row not in faults]
        values = np.full((len(rows) + len(faults), found.values.shape[1]), np.nan)
        values[places] = found.values
        problems = [Problem(places[problem.row], problem.input, problem.message) for problem in found.problems]
        problems += [Problem(row, "", text) for row, text in faults.items()]
        return Table(values, sorted(problems, key=lambda problem: problem.row))

    def _read_rows(self, rows: list[list[str]]) -> Table:
        cells = _parsed(",".join(map(",".join, rows)).encode("utf-8", "surrogateescape"), sum(map(len, rows)))
        if cells is not None and set(map(type, cells)) <= {int, float}:
            return Table(np.array(cells, dtype=np.float64).reshape(len(rows), len(self._order)))
        return self._decoder.texts(rows)


def table(body: bytes, decoder: Decoder) -> Table:
    """The rows of a whole CSV text, with columns that are no input left out.

    Raises:
        Refusal: 400 if it is no CSV with a header and rows, 413 if it has too many rows, 422 for a header that lacks an
            input.
    """
    reader = Reader(io.BytesIO(body).read, decoder)
    values: list[Values] = []
    problems: list[Problem] = []
    count = 0
    for block in reader.blocks():
        values.append(block.table.values)
        problems += [Problem(count + item.row, item.input, item.message) for item in block.table.problems]
        count += len(block.records)
        decoder.bound(count)
    decoder.bound(count)
    return Table(np.concatenate(values), problems)


def _lines(block: bytes) -> list[bytes]:
    """The lines with their ends; what is between quotes may have other ends of lines in it."""
    *lines, last = block.split(b"\n")
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _parsed(text: bytes, count: int) -> list[Any] | None:
    """So many values of JSON, between commas; None if it is anything else."""
    try:
        cells: list[Any] = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return None
    return cells if len(cells) == count else None


def _written(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode("utf-8", "surrogateescape")
