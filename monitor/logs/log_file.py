"""A log file as lines: its header, size, digest and number of lines; and its rows, from a reader that can be trusted.

DuckDB reads ten times as fast as Python, but an open quote can make it lose whole rows without a word. So its rows are
counted: they must be the lines of the file less the torn ones. Else the file is read again, by the journal's reader.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from filesystem import only_plain
from registry import printable

_BLOCK = 1 << 20
_MAX_HEADER = 1 << 16
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
        lines: how many line breaks it has, with the header's. all_lines: with the last line, if it has no end.
    """

    path: Path
    columns: tuple[str, ...]
    size: int
    sha256: str
    lines: int
    all_lines: int

    @classmethod
    def measure(cls, path: Path) -> LogFile:
        """Read a file once.

        Raises:
            OSError: if it can't be read, or is no plain file.
        """
        digest, lines, size, last = hashlib.sha256(), 0, 0, b"\n"
        with open(path, "rb", opener=only_plain) as file:
            header = file.readline(_MAX_HEADER)
            file.seek(0)
            while block := file.read(_BLOCK):
                digest.update(block)
                lines += block.count(b"\n")
                size += len(block)
                last = block[-1:]
        names = header.removeprefix(_BOM).decode("utf-8", "replace").rstrip("\r\n").split(",")
        return cls(path, tuple(names), size, digest.hexdigest(), lines, lines + (last != b"\n"))

    def find_problems(self, expected: Sequence[str]) -> tuple[bool, list[str]]:
        """Return whether its rows can be compared, and sentences about what is unexpected in its header."""
        name, columns, rows = self.path.name, self.columns, max(self.lines - 1, 0)
        if not self.size:
            return False, [f"{name}: is empty, without a header"]
        if not {"time", "request_id"} & set(columns):
            return False, [f"{name}: has no header, so its {self.lines} lines are not compared"]
        if missing := [column for column in expected if column not in columns]:
            return False, [f"{name}: has no column {_listed(missing)}, so its {rows} rows are not compared"]
        if len(set(columns)) < len(columns):
            return False, [f"{name}: has two columns of one name, so its {rows} rows are not compared"]
        unknown = [column for column in columns if column not in expected]
        return True, [f"{name}: has an unknown column {_listed(unknown)}, which is left out"] * bool(unknown)

    @cached_property
    def torn(self) -> tuple[int, bool]:
        """How many of its lines are no whole rows; and whether one of these, with a quote left open, could hide others.

        The rule is that of journal.LogReader: a row is one line, and has as many fields as the header.
        """
        torn, open_quote = 0, False
        with open(self.path, "rb", opener=only_plain) as file:
            commas = file.readline().count(b",")
            for line in file:
                if b'"' not in line and b"\r" not in line and line.endswith(b"\n"):
                    torn += line.count(b",") != commas
                    continue
                try:
                    fields = next(csv.reader([line.rstrip(b"\n").decode("utf-8", "surrogateescape")], strict=True), [])
                except csv.Error:
                    fields, open_quote = [], True
                torn += len(fields) != commas + 1 or not line.endswith(b"\n")
        return torn, open_quote


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

    def counted(blocks: Iterable[Block]) -> Iterable[Block]:
        nonlocal count
        count = 0
        for block in blocks:
            count += len(block)
            yield block

    name = file.path.name
    try:
        made = make(counted(fast(file)))
        reason = "" if _agrees(file, count) else f"it finds {count} rows in {file.lines} lines"
    except ReaderError as error:
        reason = str(error)
    if not reason:
        torn = max(file.lines - 1 - count, 0)
        return Reading(made, torn, 0, [f"{name}: {torn} lines are no whole rows"] * bool(torn))
    made = make(counted(sure(file)))
    torn = file.torn[0]
    unreadable = max(file.all_lines - 1 - torn - count, 0)
    faults = [f"{name}: read line by line, because DuckDB can't be trusted with it: {reason}"]
    faults += [f"{name}: {torn} lines are no whole rows"] * bool(torn)
    faults += [f"{name}: {unreadable} rows have no number or no time where one is expected"] * bool(unreadable)
    return Reading(made, torn, unreadable, faults)


def _agrees(file: LogFile, rows: int) -> bool:
    """Return whether a reader found the rows that a file has; the service may have added some meanwhile."""
    if rows == file.lines - 1 and file.all_lines == file.lines:
        return True
    now = LogFile.measure(file.path)
    torn, open_quote = now.torn
    return not open_quote and file.all_lines - 1 <= rows + torn <= now.all_lines - 1


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(name[:64] for name in names[:5]) + (" and more" if len(names) > 5 else ""))
