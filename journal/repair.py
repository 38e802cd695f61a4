"""The repair of rows that were not written whole, or that must not count although they were.

Both become torn rows: lines with more fields than the header has columns. Every reader of CSV files sees that; fields
that are missing, some would fill up.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress

_CHUNK = 1 << 16
_FIRST_BYTES = re.compile(rb"^[^\n]", re.MULTILINE)


def read_unended_line(descriptor: int, size: int) -> bytes:
    """Return what stands behind the last line break of a file of ``size`` bytes."""
    start = size - 1
    tail = os.pread(descriptor, 1, start)
    while start and b"\n" not in tail:
        step = min(start, _CHUNK)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    return tail.rpartition(b"\n")[2]


def end_of_torn(row: bytes, columns: int) -> bytes:
    """Return what ends the line of a row that was cut anywhere: the end of an open quote, and commas enough."""
    return b'"' * (row.count(b'"') % 2) + b"," * columns + b"\n"


def void(rows: bytes) -> bytes:
    """Return whole rows as torn ones of the same length: a comma takes the place of each row's first byte.

    Their first field is a time, or another text that is neither empty nor quoted.
    """
    return _FIRST_BYTES.sub(b",", rows)


def _overwrite(descriptor: int, content: bytes, start: int) -> None:
    """Write over what a file holds from a byte on, even if it was opened for appending."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_APPEND)
    try:
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], start + written)
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def take_back(descriptor: int, rows: bytes, start: int, end: int, *, locked: bool) -> None:
    """Make the rows of a write not count: cut it off, or mark them as torn if others stand behind them.

    Args:
        start, end: the size of the file before the write, and after it; the rows are its last bytes.
        locked: whether nobody else can append now.

    Raises:
        OSError: if neither can be done.
    """
    length, first = os.fstat(descriptor).st_size, end - len(rows)
    if locked and length <= end:
        with suppress(OSError):
            os.ftruncate(descriptor, start)
            return
    _overwrite(descriptor, void(rows)[: max(length - first, 0)], first)
