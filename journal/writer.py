"""Durable append: a row is in its day's file before :meth:`DayLog.append` returns, or nothing of it is.

Many processes write the same file: an append is one ``os.write`` on an ``O_APPEND`` descriptor, under an ``flock``.
Threads of one process share it (an flock does not part threads): while one writes, the others' rows gather, and the
next one writes them all, with one sync if rows are to survive a power loss.

A kill can cut a write at a page boundary; who comes next sees it by the last byte and cuts the torn row off, which
nobody was answered for. A full disk can shorten a write; its remains are cut off at once.

The file is named by the day of the row, so there is no rotation to coordinate. ``flock`` and ``O_APPEND`` are only
as good as the file system: logs belong on a local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

Durability = Literal["write", "fsync"]
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync
_CHUNK = 1 << 16


class JournalError(Exception):
    """Rows could not be written: nothing that they stand for may be answered."""


class DayLog:
    """One stream of rows, in a file a day: ``folder/STREAM-YYYY-MM-DD.csv``.

    Args:
        durability: "write" survives the process, "fsync" survives a power loss; concurrent appends share a sync.
        write: ``os.write``, or what a test puts in its place.
    """

    def __init__(
        self,
        folder: Path,
        stream: str,
        columns: Sequence[str],
        *,
        durability: Durability = "write",
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self._folder = folder
        self._stream = stream
        self._header = (",".join(columns) + "\n").encode()
        self._durable = durability == "fsync"
        self._write = write
        self._waiting: deque[_Entry] = deque()
        self._lock = threading.Lock()  # held by the thread that writes for all that wait
        self._file: _File | None = None
        self._proven = False  # whether the last thing that was written is there

    def append(self, day: str, rows: bytes) -> None:
        """Append whole lines to the file of a day.

        Raises:
            JournalError: if they could not be written; then no part of them is left behind. (If it was the sync that
                failed, they may be there.)
        """
        entry = _Entry(day, rows)
        self._waiting.append(entry)
        with self._lock:
            if not entry.ended:
                self._write_waiting()
        if not entry.written:
            raise JournalError(entry.fault)

    def check(self) -> None:
        """Find out whether rows can be written: unless the last append succeeded, by writing a scratch file.

        Raises:
            JournalError: with the reason, if they can't.
        """
        if self._proven:
            return
        scratch = self._folder / f".probe-{self._stream}-{os.getpid()}-{threading.get_ident()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                self._write(descriptor, self._header)
            finally:
                os.close(descriptor)
                scratch.unlink()
        except OSError as error:
            raise JournalError(f"{self._folder}: can't be written ({error.strerror or error})") from error

    def close(self) -> None:
        """Close the file; a later append opens it again."""
        with self._lock:
            self._close()

    def _path(self, day: str) -> Path:
        return self._folder / f"{self._stream}-{day}.csv"

    def _write_waiting(self) -> None:
        """Write what all threads have waiting: one write a day's file, and one sync."""
        waiting = []
        while self._waiting:
            waiting.append(self._waiting.popleft())
        for day in {entry.day for entry in waiting}:
            entries = [entry for entry in waiting if entry.day == day]
            try:
                self._write_rows(day, b"".join(entry.rows for entry in entries))
                self._proven = True
                for entry in entries:
                    entry.written = True
            except OSError as error:
                self._fail(entries, f"{self._path(day)}: can't be written ({error.strerror or error})")
            except JournalError as error:
                self._fail(entries, str(error))
            finally:
                for entry in entries:
                    entry.ended = True

    def _fail(self, entries: Sequence[_Entry], fault: str) -> None:
        self._proven = False
        for entry in entries:
            entry.fault = fault

    def _write_rows(self, day: str, rows: bytes) -> None:
        while not self._open(day).append(rows):  # somebody removed the file: rows must not go where no one finds them
            self._close()

    def _open(self, day: str) -> _File:
        """The day's file. Only one is kept open, so that deleting an old one frees its disk."""
        path = self._path(day)
        if self._file is None or self._file.path != path:
            self._close()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = _File(path, self._header, self._write, self._durable)
            if self._durable:
                _sync_folder(self._folder)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Entry:
    """Rows that a thread wants to have written, and what became of them."""

    __slots__ = ("day", "ended", "fault", "rows", "written")

    def __init__(self, day: str, rows: bytes) -> None:
        self.day = day
        self.rows = rows
        self.ended = self.written = False
        self.fault = "the thread that wrote the log was interrupted"


class _File:
    """One day's file, open for appending by one thread at a time."""

    def __init__(self, path: Path, header: bytes, write: Callable[[int, bytes], int], durable: bool) -> None:
        self.path = path
        self._header = header
        self._write = write
        self._durable = durable
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._end = 0  # the size after our last append: if it is still that, the last row is ours and whole
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                self._check_header()
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        os.close(self._descriptor)

    def append(self, rows: bytes) -> bool:
        """Write the rows behind the last whole one. Returns False, without writing, if the file was removed."""
        descriptor = self._descriptor
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            status = os.fstat(descriptor)
            if not status.st_nlink:
                return False
            end = status.st_size if status.st_size == self._end else self._end_of_rows(status.st_size)
            block = rows if end else self._header + rows
            try:
                written = self._write(descriptor, block)
                while written < len(block):
                    written += self._write(descriptor, block[written:])
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
            self._end = end + len(block)
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        if self._durable:
            _fdatasync(descriptor)
        return True

    def _end_of_rows(self, size: int) -> int:
        """The size of the file, after a row that its writer did not finish was cut off."""
        if size == 0 or os.pread(self._descriptor, 1, size - 1) == b"\n":
            return size
        end = size
        while end:
            start = max(0, end - _CHUNK)
            newline = os.pread(self._descriptor, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        os.ftruncate(self._descriptor, end)
        logger.warning("%s: cut off %d bytes of a row that its writer did not live to finish", self.path, size - end)
        return end

    def _check_header(self) -> None:
        self._end_of_rows(os.fstat(self._descriptor).st_size)
        head = os.pread(self._descriptor, len(self._header), 0)
        if head not in (b"", self._header):
            raise JournalError(
                f"{self.path}: its columns are not {self._header.decode().strip()}; move it away, "
                "or give this model a log folder of its own"
            )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
