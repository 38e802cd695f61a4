"""A bounded search for the rows of one request: in the files of some days, the newest bytes first.

For whoever waits for the answer while others wait for theirs: :func:`journal.find` searches everything, and takes as
long as that takes.
"""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from filesystem import only_plain
from journal.encoding import escape_field
from journal.log_folder import daily_files, day_of
from journal.reader import ANY_SIZE, row_of

_BLOCK = 1 << 20  # bytes that are read at once; reading lets other threads run


class Search:
    """Searches the files of the days from ``first`` to ``last``, and no more than ``most`` bytes of each stream.

    Attributes:
        left_out: whether there may be more than was returned: older bytes of these days, or rows beyond a count.
    """

    def __init__(self, folder: Path, first: str, last: str, most: int) -> None:
        self._folder = folder
        self._first, self._last, self._most = first, last, most
        self.left_out = False

    def newest(self, stream: str, request_id: str, count: int) -> list[dict[str, str]]:
        """Return the newest rows of a request id, at most ``count``, oldest first.

        Raises:
            OSError: if a file can't be read.
            ValueError: if its header is no text.
        """
        found: list[dict[str, str]] = []
        for columns, line in self._lines(stream, request_id):
            row = row_of(columns, line)
            if row is None or row["request_id"] != request_id:
                continue
            if len(found) == count:
                self.left_out = True
                break
            found.append(row)
        return found[::-1]

    def of_requests(
        self, stream: str, request_id: str, times: Iterable[str], count: int
    ) -> dict[str, list[dict[str, str]]]:
        """Return the first rows of each request with an id, at most ``count``, in order, by its time.

        Args:
            times: when these requests arrived, as their rows have it.

        Raises:
            OSError: if a file can't be read.
            ValueError: if its header is no text.
        """
        first: dict[str, deque[tuple[list[str], bytes]]] = {time: deque(maxlen=count) for time in times}
        for columns, line in self._lines(stream, request_id) if first else ():
            kept = first.get(line.partition(b",")[0].decode("ascii", "replace"))
            if kept is not None:
                self.left_out |= len(kept) == count
                kept.appendleft((columns, line))
        rows = {time: [row_of(*found) for found in kept] for time, kept in first.items()}
        return {
            time: [row for row in found if row and (row["request_id"], row["time"]) == (request_id, time)]
            for time, found in rows.items()
        }

    def _lines(self, stream: str, request_id: str) -> Iterator[tuple[list[str], bytes]]:
        """Yield the lines that have an id after a time in UTC, and their columns' names; the newest first."""
        csv.field_size_limit(ANY_SIZE)
        needle = f"Z,{escape_field(request_id)},".encode()
        left = self._most
        files = [path for path in daily_files(self._folder, stream) if self._first <= day_of(path) <= self._last]
        for path in reversed(files):
            with open(path, "rb", buffering=0, opener=only_plain) as file:
                header = os.pread(file.fileno(), _BLOCK, 0).partition(b"\n")[0]
                columns = header.decode().split(",")  # what is no text was written by nobody here, and is told
                end = os.fstat(file.fileno()).st_size
                start = max(0, end - left)
                self.left_out |= start > 0
                for line in _lines_with(needle, file.fileno(), start, end):
                    yield columns, line
                left -= end - start


def _lines_with(needle: bytes, descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Yield the whole lines of a part of a file that contain something, the last one first, without their ends."""
    rest = b""  # the beginning of what was searched: the end of a line whose start was not read yet
    while end > start:
        begin = max(start, end - _BLOCK)
        block = os.pread(descriptor, end - begin, begin) + rest
        end = begin
        cut = block.find(b"\n") + 1 if begin else 0
        if begin and not cut:
            rest = block
            continue
        rest = block[:cut]
        stop = len(block)
        while (at := block.rfind(needle, cut, stop)) >= 0:
            line_start = max(block.rfind(b"\n", 0, at) + 1, cut)
            line_end = block.find(b"\n", at)
            if line_end >= 0:  # else it is torn
                yield block[line_start:line_end]
            stop = line_start
