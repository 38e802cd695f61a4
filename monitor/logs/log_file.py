"""A log file as lines: its header, size, digest and number of lines; and its rows, from a reader that can be trusted.

DuckDB reads ten times as fast as Python, but an open quote can make it lose whole rows without a word. So its rows are
counted: they must be the lines of the file less the torn ones. Else the file is read again, line by line. (In one thing
they differ: DuckDB takes a row with a few empty cells too many, which the service never writes.)
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from filesystem import only_plain
from registry import printable

_BLOCK = 1 << 20
_MAX_HEADER = 1 << 16
_ANY_SIZE = 2**31 - 1  # of a field: the csv module refuses those over 128 KiB, and a body may be longer
_BOM = b"\xef\xbb\xbf"


class _Sized(Protocol):
    def __len__(self) -> int: ...


Block = TypeVar("Block", bound=_Sized)
Made = TypeVar("Made")


class ReaderError(Exception):
    """The fast reader gave up."""


@dataclass(frozen=True)
class LogFile:
    """A log file, as it was when it was measured.

    Attributes:
        columns: the names in its header.
        size: in bytes. sha256: in hex.
    """

    path: Path
    columns: tuple[str, ...]
    size: int
    sha256: str

    @classmethod
    def measure(cls, path: Path) -> LogFile:
        """Read a file once.

        Raises:
            OSError: if it can't be read, or is no plain file.
        """
        with open(path, "rb", opener=only_plain) as file:
            header = file.readline(_MAX_HEADER)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        names = header.removeprefix(_BOM).decode("utf-8", "replace").rstrip("\r\n").split(",")
        return cls(path, tuple(names), size, digest)

    @property
    def lines(self) -> int:
        """How many lines with an end the file has, without the header; counted when they are first asked for."""
        return max(self._counts[0] - self._has_header, 0)

    @property
    def was_repaired(self) -> bool:
        """Whether one of its lines is torn, and was ended by the writer with as many commas as there are columns.

        To DuckDB it may look whole: it takes rows that have empty cells too many.
        """
        return self._counts[1] > 0

    @cached_property
    def _counts(self) -> tuple[int, int]:
        """How many ends of lines there are, and how many of these the writer put behind a torn line."""
        repair = b"," * len(self.columns) + b"\n"
        ends = repaired = 0
        tail = b""
        with open(self.path, "rb", opener=only_plain) as file:
            while block := file.read(_BLOCK):
                ends += block.count(b"\n")
                repaired += (tail + block).count(repair)
                tail = block[1 - len(repair) :]
        return ends, repaired

    @property
    def _has_header(self) -> bool:
        return not {"time", "request_id"}.isdisjoint(self.columns)

    def find_problems(self, expected: Sequence[str]) -> tuple[bool, list[str]]:
        """Return whether its rows can be compared, and sentences about what is unexpected in its header."""
        name, columns, rows = self.path.name, self.columns, self.lines
        if not self.size:
            return False, [f"{name}: is empty, without a header"]
        if not self._has_header:
            return False, [f"{name}: has no header, so its {rows} lines are not compared"]
        if missing := [column for column in expected if column not in columns]:
            return False, [f"{name}: has no column {_listed(missing)}, so its {rows} rows are not compared"]
        if len(set(columns)) < len(columns):
            return False, [f"{name}: has two columns of one name, so its {rows} rows are not compared"]
        unknown = [column for column in columns if column not in expected]
        return True, [f"{name}: has an unknown column {_listed(unknown)}, which is left out"] * bool(unknown)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Made]):
    """What was made of a file's rows.

    Attributes:
        torn: lines that are not whole rows. unreadable: whole rows with a cell of another type than its column.
        faults: sentences.
    """

    made: Made
    torn: int
    unreadable: int
    faults: list[str]


def read_rows(
    file: LogFile,
    fast: Callable[[LogFile], Iterable[Block]],
    sure: Callable[[LogFile], Iterable[Block]],
    make: Callable[[Iterable[Block]], Made],
) -> Reading[Made]:
    """Make something of the blocks of a file.

    Args:
        fast, sure: two readers; the second is right about every file.
        make: is called again if the fast one's count of rows disagrees with the number of lines.

    Raises:
        OSError: if the file can't be read.
    """
    count = 0

    def counted(blocks: Iterable[Block]) -> Iterator[Block]:
        nonlocal count
        count = 0
        for block in blocks:
            count += len(block)
            yield block

    name, lines = file.path.name, file.lines
    torn = unreadable = 0
    doubt = ""
    try:
        made = make(counted(fast(file)))
        if count != lines or file.was_repaired or not _is_ended(file.path):
            torn, whole, open_quote = _count_torn(file.path)  # the service may have added rows meanwhile
            if open_quote or not lines - torn <= count <= whole:
                doubt = f"DuckDB finds {count} of {whole} rows"
    except ReaderError as error:
        doubt = f"DuckDB can't: {error}"
    if doubt:
        made = make(counted(sure(file)))
        torn, whole, _ = _count_torn(file.path)
        unreadable = max(whole - count, 0)
        doubt = f"{name}: was read line by line; {doubt}"
    faults = [doubt] * bool(doubt)
    faults += [f"{name}: {torn} lines are no whole rows"] * bool(torn)
    faults += [f"{name}: {unreadable} rows have another text where a number or a time is expected"] * bool(unreadable)
    return Reading(made, torn, unreadable, faults)


def _is_ended(path: Path) -> bool:
    """Return whether the last line of a file that is not empty has an end."""
    with open(path, "rb", opener=only_plain) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _count_torn(path: Path) -> tuple[int, int, bool]:
    """Return how many lines are torn, how many are whole, and whether a torn one could hide others from DuckDB.

    The rule is that of journal.LogReader: a row is one line, and has as many fields as the header. A line that leaves
    a quote open could hide others.
    """
    csv.field_size_limit(_ANY_SIZE)
    torn, whole, open_quote = 0, 0, False
    with open(path, "rb", opener=only_plain) as file:
        commas = file.readline().count(b",")
        for line in file:
            found = line.count(b",")
            if b'"' in line or b"\r" in line:
                try:
                    text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
                    found = len(next(csv.reader([text], strict=True), [])) - 1
                except csv.Error:
                    found, open_quote = -1, True
            is_whole = found == commas and line.endswith(b"\n")
            whole += is_whole
            torn += not is_whole
    return torn, whole, open_quote


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(name[:64] for name in names[:5]) + (" and more" if len(names) > 5 else ""))
