r"""A CSV text as it arrives: whole lines, and the csv module's records of them with what is wrong with each.

    read(n) ─► next_block(): whole lines ─┬─► numbers only? parsed in C by csv_reader
                                          └─► split(block) ─► pending lines ─► records(): csv module
                                                                  ▲   │
                                            the lines behind it ──┘   └─ a record with a fault

A record of several lines (quotes) takes lines of the next block too. If it turns out to be faulty, only its first line
is: the others go back to the pending lines and are read again. Both are bounded, and so is what is held of a text.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from app.errors import MalformedRequest
from csv_dialect import Read

_BLOCK = 1 << 18  # bytes that are read together
_MAX_RECORD = 1 << 20  # bytes that a line, or a record of several lines, may have
_MAX_REREAD = 8 * _MAX_RECORD  # bytes of a text that are read once more because of quotes without an end
# What the csv module says of a record, and what a person is told.
_NO_END, _TOO_LONG = "unexpected end of data", "field larger than field limit"
_FAULTS = (
    (_NO_END, "has a quote without an end"),
    (_TOO_LONG, f"is longer than {_MAX_RECORD} bytes"),
    ("expected after", "has text behind the end of a quote"),
    ("new-line character", "has a carriage return within it"),
)


class CsvRecord(NamedTuple):
    """A record: the line at which it begins, its bytes with the end of the line, its cells, and its fault, if any."""

    line: int
    raw: bytes
    cells: list[str]
    fault: str


class CsvLineStream:
    """Reads one CSV text.

    Args:
        read: returns about so many bytes of it, and none at its end.
        separator: what parts the cells.
        line: the number of its first line.

    Attributes:
        line: the number of the next line.
        pending: lines that were split and not parsed yet.
    """

    def __init__(self, read: Read, separator: str = ",", line: int = 1) -> None:
        csv.field_size_limit(_MAX_RECORD)  # a smaller limit resets the csv module in the middle of a quote
        self._read = read
        self._rest = self._ahead = b""
        self._reread = 0  # bytes
        self._separator = separator
        self.line = line
        self.pending = deque(_split_lines(self.next_block()))

    def header(self) -> CsvRecord:
        """Return the first record. What came with it is the next block.

        Raises:
            MalformedRequest: if there is none, or it is no CSV.
        """
        header = next(self.records(), CsvRecord(0, b"", [], "there is none; the first line names the columns"))
        if header.fault:
            raise MalformedRequest(f"the header: {header.fault}")
        self._ahead = b"".join(self.pending)
        self.pending.clear()
        return header

    def next_block(self) -> bytes:
        """Return the next whole lines; the last one may have no end. Empty at the end of the text.

        Raises:
            MalformedRequest: naming a line that has no end.
        """
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
            if size > _MAX_RECORD:
                raise MalformedRequest(f"a line from line {self.line} on is longer than {_MAX_RECORD} bytes")
        return b"".join(parts)

    def split(self, block: bytes) -> None:
        """Split a block into lines, to be parsed."""
        self.pending.extend(_split_lines(block))

    def records(self) -> Iterator[CsvRecord]:
        """Yield the records of the pending lines, and of the next block what belongs to the last of them.

        Blank lines are passed over.
        """
        taken: list[bytes] = []
        reader = self._parse(taken)
        while self.pending:
            line, cells, fault = self.line, [], ""
            try:
                cells = next(reader, [])
            except csv.Error as error:
                fault = next((words for phrase, words in _FAULTS if phrase in str(error)), str(error))
                self._put_back(taken[1:])  # the fault is its first line's: the others may be sound
                del taken[1:]
                reader = self._parse(taken)  # the other one may have been at the end
            raw = b"".join(taken)
            taken.clear()
            self.line += raw.count(b"\n")
            if cells or fault:
                yield CsvRecord(line, raw, cells, fault)

    def _parse(self, taken: list[bytes]) -> Iterator[list[str]]:
        return csv.reader(self._take(taken), delimiter=self._separator, strict=True)

    def _put_back(self, lines: list[bytes]) -> None:
        """Have lines read once more; but not for ever, where each of them leaves a quote open for the next."""
        self._reread += sum(map(len, lines))
        if self._reread > _MAX_REREAD:
            raise MalformedRequest(f"line {self.line}: has a quote without an end, like many lines before")
        self.pending.extendleft(reversed(lines))

    def _take(self, taken: list[bytes]) -> Iterator[str]:
        """Take line after line off the pending ones; beyond them only while a quote is open."""
        size = 0
        while self.pending or self._refill():
            line = self.pending.popleft()
            size = size + len(line) if taken else len(line)
            taken.append(line)
            if size > _MAX_RECORD:
                raise csv.Error(_NO_END if len(taken) > 1 else _TOO_LONG)
            yield line.decode("utf-8", "surrogateescape")

    def _refill(self) -> bool:
        self.split(self.next_block())
        return bool(self.pending)


def _split_lines(block: bytes) -> list[bytes]:
    """Return the lines with their ends; what is between quotes may have other ends of lines in it."""
    *lines, last = block.split(b"\n")
    return [line + b"\n" for line in lines] + ([last] if last else [])
