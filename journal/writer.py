"""Durable append: a request's rows are in their files before :meth:`Journal.append` returns, or none of them is.

Many processes write the same files: what is appended to one is one ``os.write`` on an ``O_APPEND`` descriptor, under an
``flock`` on the folder. Threads of one process share it (an flock does not part threads): while one writes, the others'
rows gather, and the next one writes them all, with one sync if rows are to survive a power loss.

A kill can cut a write at a page boundary; who comes next sees it by the last byte and cuts the torn row off, which
nobody was answered for. A full disk can shorten a write; its remains are cut off at once.

A file is named by the day of its rows, so there is no rotation to coordinate. ``flock`` and ``O_APPEND`` are only as
good as the file system: logs belong on a local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

Durability = Literal["write", "fsync"]
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync
_CHUNK = 1 << 16
_REMOVED = -1


class JournalError(Exception):
    """Rows could not be written: nothing that they stand for may be answered."""


class Journal:
    """The logs of one model: streams of rows, each in a file a day, ``folder/STREAM-YYYY-MM-DD.csv``.

    Args:
        durability: "write" survives the process, "fsync" survives a power loss; concurrent appends share a sync.
        write: ``os.write``, or what a test puts in its place.
    """

    def __init__(
        self, folder: Path, *, durability: Durability = "write", write: Callable[[int, bytes], int] = os.write
    ) -> None:
        self._folder = folder
        self._durable = durability == "fsync"
        self._write = write
        self._headers: dict[str, bytes] = {}
        self._waiting: deque[_Entry] = deque()
        self._lock = threading.Lock()  # held by the thread that writes for all that wait
        self._day: _Day | None = None
        self._unproven: set[str] = set()  # streams whose last append failed, or that had none yet

    def add_stream(self, stream: str, columns: Sequence[str]) -> None:
        """Say which columns a stream has, before anything is appended to it."""
        self._headers[stream] = (",".join(columns) + "\n").encode()
        self._unproven.add(stream)

    def append(self, day: str, rows: Mapping[str, bytes]) -> None:
        """Append whole lines to a day's files, by stream and in this order.

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

    def check(self) -> None:
        """Find out whether rows can be written: unless each stream's last append succeeded, by writing a scratch file.

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
                for entry in entries:
                    entry.fault = str(error)
            finally:
                for entry in entries:
                    entry.ended = True

    def _write_rows(self, day: str, rows: Mapping[str, bytes]) -> None:
        try:
            # Again if somebody removed a file: rows must not go where no one finds them.
            while not self._open(day).append(rows):
                self._close()
        except OSError as error:
            raise JournalError(f"{error.filename or self._folder}: can't be written ({error.strerror})") from error

    def _open(self, day: str) -> _Day:
        """The day's files. Only one day's are kept open, so that deleting an old one frees its disk."""
        if self._day is None or self._day.day != day:
            self._close()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._day = _Day(self._folder, day, self._headers, self._write, self._durable)
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
    """The rows of all entries, by stream."""
    if len(entries) == 1:
        return entries[0].rows
    blocks: dict[str, list[bytes]] = {}
    for entry in entries:
        for stream, rows in entry.rows.items():
            blocks.setdefault(stream, []).append(rows)
    return {stream: b"".join(rows) for stream, rows in blocks.items()}


class _Day:
    """The open files of one day, and the folder that their writers lock. Used by one thread at a time."""

    def __init__(
        self,
        folder: Path,
        day: str,
        headers: Mapping[str, bytes],
        write: Callable[[int, bytes], int],
        durable: bool,
    ) -> None:
        self.day = day
        self._path = folder
        self._headers = headers
        self._write = write
        self._durable = durable
        self._folder = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._files: dict[str, _File] = {}

    def append(self, rows: Mapping[str, bytes]) -> bool:
        """Write rows behind the last whole ones. Returns False, with nothing written, if a file was removed."""
        fcntl.flock(self._folder, fcntl.LOCK_EX)
        try:
            files = [self._file(stream) for stream in rows]
            ends = [file.end_of_rows() for file in files]
            if _REMOVED in ends:
                return False
            try:
                for file, end, block in zip(files, ends, rows.values(), strict=True):
                    file.write(block, end)
            except BaseException:
                for file, end in zip(files, ends, strict=True):
                    file.cut(end)
                raise
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)
        if self._durable:
            for file in files:
                _fdatasync(file.descriptor)
        return True

    def close(self) -> None:
        os.close(self._folder)
        for file in self._files.values():
            os.close(file.descriptor)

    def _file(self, stream: str) -> _File:
        file = self._files.get(stream)
        if file is None:
            path = self._path / f"{stream}-{self.day}.csv"
            file = self._files[stream] = _File(path, self._headers[stream], self._write)
            if self._durable:
                os.fsync(self._folder)
        return file


class _File:
    """One file, open for appending; used under the folder's lock."""

    def __init__(self, path: Path, header: bytes, write: Callable[[int, bytes], int]) -> None:
        self._path = path
        self._header = header
        self._write = write
        self._end = 0  # the size after our last write: if it is still that, the last row is ours and whole
        self.descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self.end_of_rows()
            if os.pread(self.descriptor, len(header), 0) not in (b"", header):
                raise JournalError(
                    f"{path}: its columns are not {header.decode().strip()}; move it away, "
                    "or give this model a log folder of its own"
                )
        except BaseException:
            os.close(self.descriptor)
            raise

    def end_of_rows(self) -> int:
        """The size of the file, after a row that its writer did not finish was cut off; _REMOVED if it is gone."""
        status = os.fstat(self.descriptor)
        size = status.st_size
        if not status.st_nlink:
            return _REMOVED
        if size in (0, self._end) or os.pread(self.descriptor, 1, size - 1) == b"\n":
            return size
        end = size
        while end:
            start = max(0, end - _CHUNK)
            newline = os.pread(self.descriptor, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        os.ftruncate(self.descriptor, end)
        logger.warning("%s: cut off %d bytes of a row that its writer did not live to finish", self._path, size - end)
        return end

    def write(self, rows: bytes, end: int) -> None:
        """Write rows at the end of the file, behind its header."""
        block = rows if end else self._header + rows
        try:
            written = self._write(self.descriptor, block)
            while written < len(block):
                written += self._write(self.descriptor, block[written:])
        except OSError as error:
            raise JournalError(f"{self._path}: can't be written ({error.strerror or error})") from error
        self._end = end + len(block)

    def cut(self, end: int) -> None:
        """Take off what was written behind ``end``."""
        self._end = 0
        with suppress(OSError):
            os.ftruncate(self.descriptor, end)
