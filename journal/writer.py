"""Durable append: a request's rows are in their files before :meth:`Journal.append` returns, or none of them is.

Threads of one process share a write: while one writes, the others' rows gather, and the next one writes them all, with
one sync if rows are to survive a power loss. A file is named by the day of its rows, so there is no rotation to
coordinate. How bytes get safely into a file is files.py's matter.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from journal.files import DailyFiles, JournalError, Write

Durability = Literal["write", "fsync"]
_LAST = "requests"  # the stream that says of a request that its other rows are there


class Journal:
    """The logs of one model: streams of rows, each in a file a day, ``folder/STREAM-YYYY-MM-DD.csv``.

    Args:
        durability: "write" survives the process, "fsync" survives a power loss; concurrent appends share a sync.
        write: ``os.write``, or what a test puts in its place.
    """

    def __init__(self, folder: Path, *, durability: Durability = "write", write: Write = os.write) -> None:
        self._folder = folder
        self._durable = durability == "fsync"
        self._write = write
        self._headers: dict[str, bytes] = {}
        self._waiting: deque[_Entry] = deque()
        self._lock = threading.Lock()  # held by the thread that writes for all that wait
        self._day: DailyFiles | None = None
        self._unproven: set[str] = set()  # streams whose last append failed, or that had none yet
        self._failed_day = ""  # the day of the last append that failed

    def add_stream(self, stream: str, columns: Sequence[str]) -> None:
        """Say which columns a stream has, before anything is appended to it."""
        self._headers[stream] = (",".join(columns) + "\n").encode()
        self._unproven.add(stream)

    def append(self, day: str, rows: Mapping[str, bytes]) -> None:
        """Append whole lines to a day's files, by stream; a request's own row is written last.

        Raises:
            JournalError: if they could not be written; then no part of them is left behind in any file. (If it was the
                sync that failed, they may be there.)
        """
        entry = _Entry(day, rows)
        self._waiting.append(entry)
        with self._lock:
            if not entry.ended:
                self._write_waiting()
        if not entry.written:
            raise JournalError(entry.fault)

    def probe(self) -> None:
        """Find out whether rows can be written: unless each stream's last append succeeded, by writing.

        Raises:
            JournalError: with the reason, if they can't.
        """
        if self._headers and not self._unproven:
            return
        scratch = self._folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                self._write(descriptor, b"\n")
            finally:
                os.close(descriptor)
                scratch.unlink()
        except OSError as error:
            raise JournalError(f"{self._folder}: can't be written ({error.strerror or error})") from error
        if self._failed_day:  # there may be something about the file itself
            with self._lock:
                self._write_rows(self._failed_day, dict.fromkeys(self._unproven, b""))

    def close(self) -> None:
        """Close the files; a later append opens them again."""
        with self._lock:
            self._close()

    def _write_waiting(self) -> None:
        """Write what all threads have waiting: one write a file, and one sync."""
        waiting = []
        while self._waiting:
            waiting.append(self._waiting.popleft())
        for day in {entry.day for entry in waiting}:
            entries = [entry for entry in waiting if entry.day == day]
            rows = _joined(entries)
            try:
                self._write_rows(day, rows)
                self._unproven -= rows.keys()
                for entry in entries:
                    entry.written = True
            except JournalError as error:
                self._unproven |= rows.keys()
                self._failed_day = day
                for entry in entries:
                    entry.fault = str(error)
            finally:
                for entry in entries:
                    entry.ended = True

    def _write_rows(self, day: str, rows: Mapping[str, bytes]) -> None:
        try:
            # Again if somebody moved or removed a file: rows must not go where no one looks for them.
            while not self._open(day).append(rows):
                self._close()
        except OSError as error:
            raise JournalError(f"{error.filename or self._folder}: can't be written ({error.strerror})") from error

    def _open(self, day: str) -> DailyFiles:
        """The day's files. Only one day's are kept open, so that deleting an old one frees its disk."""
        if self._day is None or self._day.day != day:
            self._close()
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._durable:
                for folder in (self._folder.parent, self._folder.parent.parent):
                    _sync_folder(folder)
            self._day = DailyFiles(self._folder, day, self._headers, self._write, self._durable)
        return self._day

    def _close(self) -> None:
        if self._day is not None:
            self._day.close()
            self._day = None


class _Entry:
    """Rows that a thread wants to have written, and what became of them."""

    __slots__ = ("day", "ended", "fault", "rows", "written")

    def __init__(self, day: str, rows: Mapping[str, bytes]) -> None:
        self.day = day
        self.rows = rows
        self.ended = self.written = False
        self.fault = "the thread that wrote the log was interrupted"


def _joined(entries: Sequence[_Entry]) -> Mapping[str, bytes]:
    """The rows of all entries by stream, in the order in which they are to be written."""
    blocks: dict[str, list[bytes]] = {}
    for entry in entries:
        for stream, rows in entry.rows.items():
            blocks.setdefault(stream, []).append(rows)
    return {stream: b"".join(blocks[stream]) for stream in sorted(blocks, key=_LAST.__eq__)}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
