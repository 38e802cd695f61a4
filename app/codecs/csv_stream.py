"""A CSV text on its way: blocks of whole lines, and the csv module's records of them with what is wrong with each.

Bounds what is held of a text, and how much of it is read again. Knows no columns and no numbers.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.errors import Refusal

_BLOCK = 1 << 18  # bytes that are read together
_LONGEST = 1 << 20  # bytes that a line, or a record of several lines, may have
_AGAIN = 8 * _LONGEST  # bytes of a text that are read once more because of quotes without an end
# What the csv module says of a record, and what a person is history_queries.
_NO_END, _TOO_LONG = "unexpected end of data", "field larger than field limit"
_FAULTS = (
    (_NO_END, "has a quote without an end"),
    (_TOO_LONG, f"is longer than {_LONGEST} bytes"),
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
        read: gives at most so many bytes of it, and none at its end.

    Attributes:
        mark: the byte order mark before it; most have none.
        line: the number of the next line.
        left: lines that were parted and not parsed yet.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        csv.field_size_limit(_LONGEST)  # who is refused for less resets the csv module in the middle of a quote
        self._read = read
        self._rest = self._ahead = b""
        self._read_again = 0  # bytes
        self.line = 1
        first = self.block()
        self.mark = first[:3] if first.startswith(b"\xef\xbb\xbf") else b""
        self.left = deque(_lines(first[len(self.mark) :]))

    def header(self) -> CsvRecord:
        """The first record. What came with it is the next block.

        Raises:
            Refusal: 400 if there is none, or it is no CSV.
        """
        header = next(self.records(), CsvRecord(0, b"", [], "there is none; the first line names the columns"))
        if header.fault:
            raise Refusal(400, f"the header: {header.fault}")
        self._ahead = b"".join(self.left)
        self.left.clear()
        return header

    def block(self) -> bytes:
        """The next whole lines; the last one may have no end. Empty at the end of the text.

        Raises:
            Refusal: 400, with the line, if a line has no end.
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
            if size > _LONGEST:
                raise Refusal(400, f"a line from line {self.line} on is longer than {_LONGEST} bytes")
        return b"".join(parts)

    def part(self, block: bytes) -> None:
        """Part a block into lines, to be parsed."""
        self.left.extend(_lines(block))

    def records(self) -> Iterator[CsvRecord]:
        """The records of the lines that are left, and of the next block what belongs to the last of them.

        Blank lines are passed over.
        """
        taken: list[bytes] = []
        reader = csv.reader(self._take(taken), strict=True)
        while self.left:
            line, cells, fault = self.line, [], ""
            try:
                cells = next(reader, [])
            except csv.Error as error:
                fault = next((words for said, words in _FAULTS if said in str(error)), str(error))
                self._put_back(taken[1:])  # the fault is its first line's: the others may be sound
                del taken[1:]
                reader = csv.reader(self._take(taken), strict=True)  # the other one may have been at the end
            raw = b"".join(taken)
            taken.clear()
            self.line += raw.count(b"\n")
            if cells or fault:
                yield CsvRecord(line, raw, cells, fault)

    def _put_back(self, lines: list[bytes]) -> None:
        """Have lines read once more; but not for ever, where each of them leaves a quote open for the next."""
        self._read_again += sum(map(len, lines))
        if self._read_again > _AGAIN:
            raise Refusal(400, f"line {self.line}: has a quote without an end, like many lines before")
        self.left.extendleft(reversed(lines))

    def _take(self, taken: list[bytes]) -> Iterator[str]:
        """Takes line after line off those that are left; beyond them only while a quote is open."""
        size = 0
        while self.left or self._refill():
            line = self.left.popleft()
            size = size + len(line) if taken else len(line)
            taken.append(line)
            if size > _LONGEST:
                raise csv.Error(_NO_END if len(taken) > 1 else _TOO_LONG)
            yield line.decode("utf-8", "surrogateescape")

    def _refill(self) -> bool:
        self.part(self.block())
        return bool(self.left)


def _lines(block: bytes) -> list[bytes]:
    """The lines with their ends; what is between quotes may have other ends of lines in it."""
    *lines, last = block.split(b"\n")
    return [line + b"\n" for line in lines] + ([last] if last else [])
