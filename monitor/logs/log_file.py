"""A log file before its rows are read: its header, size, digest and number of lines, and the day of its rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from filesystem import only_plain
from journal import day_of
from monitor.errors import MonitorError
from monitor.logs.rows import micros
from registry import printable

_BLOCK = 1 << 20
_MAX_HEADER = 1 << 16
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class LogFile:
    """A log file, as it was when it was opened: by the service, it only grows.

    Attributes:
        columns: the names in its header.
        size: in bytes.
    """

    path: Path
    columns: tuple[str, ...]
    size: int

    @classmethod
    def open(cls, path: Path) -> LogFile:
        """Read a file's header.

        Raises:
            OSError: if it can't be read, or is no plain file.
        """
        with open(path, "rb", opener=only_plain) as file:
            header, size = file.readline(_MAX_HEADER), os.fstat(file.fileno()).st_size
        names = header.removeprefix(_BOM).decode("utf-8", "replace").rstrip("\r\n").split(",")
        return cls(path, tuple(names), size)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its content, in hex."""
        with open(self.path, "rb", opener=only_plain) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

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


def bounds_of(path: Path) -> tuple[int, int]:
    """Return the beginning and the end of the day whose rows a file holds, in microseconds since 1970.

    Raises:
        MonitorError: if there is no such day.
    """
    try:
        start = datetime.fromisoformat(day_of(path)).replace(tzinfo=UTC)
    except ValueError as error:
        raise MonitorError(f"{path.name}: there is no day {day_of(path)}") from error
    return micros(start), micros(start + timedelta(days=1))


def unreadable(path: Path, error: OSError) -> str:
    """Return the sentence about a file that can't be read."""
    return f"{path.name}: can't be read ({error.strerror or error})"


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(name[:64] for name in names[:5]) + (" and more" if len(names) > 5 else ""))
