"""Durable append: a request's rows are in their files before :meth:`Journal.append` returns, or none of them is.

Many processes write the same files: what is appended to one is one ``os.write`` on an ``O_APPEND`` descriptor, under an
``flock`` on the folder. Threads of one process share it (an flock does not part threads): while one writes, the others'
rows gather, and the next one writes them all, with one sync if rows are to survive a power loss.

A kill can cut a write at a page boundary; who comes next sees it by the last byte, and ends that line and a quote that
is open in it, so that the torn row (nobody was answered for it) takes no other with it. A full disk can shorten a
write; its remains are cut off at once.

A file is named by the day of its rows, so there is no rotation to coordinate. ``flock`` and ``O_APPEND`` are only as
good as the file system: logs belong on a local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

Durability = Literal["write", "fsync"]
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync
_CHUNK = 1 << 16
_GONE = -1
_LAST = "requests"  # the stream that says of a request that its other rows are there
_PATIENCE, _PAUSE = 5.0, 0.0002  # how long to wait for another process's lock, and how often to ask, in seconds


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

    def check(self) -> None:
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

    def _open(self, day: str) -> _Day:
        """The day's files. Only one day's are kept open, so that deleting an old one frees its disk."""
        if self._day is None or self._day.day != day:
            self._close()
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._durable:
                for folder in (self._folder.parent, self._folder.parent.parent):
                    _sync_folder(folder)
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
        """Write rows behind what is there. Returns False, with nothing written, if a file was moved or removed."""
        self._take_lock()
        try:
            files = [self._file(stream) for stream in rows]
            sizes = [file.size() for file in files]
            if _GONE in sizes:
                return False
            try:
                for file, size, block in zip(files, sizes, rows.values(), strict=True):
                    file.write(block, size)
            except BaseException:
                for file, size in zip(files, sizes, strict=True):
                    file.cut(size)
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

    def _take_lock(self) -> None:
        """Lock the folder. Not for ever: whoever holds it may have been stopped."""
        deadline = 0.0
        while True:
            try:
                return fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                now = time.monotonic()
                deadline = deadline or now + _PATIENCE
                if now > deadline:
                    raise JournalError(f"{self._path}: another process holds its lock for {_PATIENCE:g} s") from error
                time.sleep(_PAUSE)

    def _file(self, stream: str) -> _File:
        if stream not in self._files:
            file = _File(self._path / f"{stream}-{self.day}.csv", self._headers[stream], self._write)
            self._files[stream] = file
            if self._durable:
                try:
                    os.fsync(self._folder)
                except OSError:
                    os.close(self._files.pop(stream).descriptor)
                    raise
        return self._files[stream]


class _File:
    """One file, open for appending; used under the folder's lock."""

    def __init__(self, path: Path, header: bytes, write: Callable[[int, bytes], int]) -> None:
        self._path = path
        self._header = header
        self._write = write
        self._end = 0  # the size after our last write: if it is still that, the last row is ours and whole
        self.descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            status = os.fstat(self.descriptor)
            self._identity = (status.st_dev, status.st_ino)
            head = os.pread(self.descriptor, len(header), 0)
            if status.st_size < len(header) and header.startswith(head):
                os.ftruncate(self.descriptor, 0)  # its first writer did not live to finish the header
            elif head != header:
                raise JournalError(
                    f"{path}: its columns are not {header.decode().strip()}; move it away, "
                    "or give this model a log folder of its own"
                )
        except BaseException:
            os.close(self.descriptor)
            raise

    def size(self) -> int:
        """The size of the file at its path; _GONE if that is not this file any more."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - on the way of every request
        except FileNotFoundError:
            return _GONE
        return status.st_size if (status.st_dev, status.st_ino) == self._identity else _GONE

    def write(self, rows: bytes, size: int) -> None:
        """Write rows behind the ``size`` bytes that are there."""
        block = rows if size == self._end and size else self._lead(size) + rows
        try:
            written = self._write(self.descriptor, block)
            while written < len(block):
                written += self._write(self.descriptor, block[written:])
        except OSError as error:
            raise JournalError(f"{self._path}: can't be written ({error.strerror or error})") from error
        self._end = size + len(block)

    def cut(self, size: int) -> None:
        """Take off what was written behind ``size``."""
        self._end = 0
        with suppress(OSError):
            os.ftruncate(self.descriptor, size)

    def _lead(self, size: int) -> bytes:
        """What has to stand before the next row: the header, or the end of a line that has none."""
        if size == 0:
            return self._header
        tail = os.pread(self.descriptor, 1, size - 1)
        start = size - 1
        if tail == b"\n":
            return b""
        while start and b"\n" not in tail:
            step = min(start, _CHUNK)
            start -= step
            tail = os.pread(self.descriptor, step, start) + tail
        torn = tail.rpartition(b"\n")[2]
        logger.warning("%s: its last %d bytes had no end of line: their writer did not live", self._path, len(torn))
        return b'"\n' if torn.count(b'"') % 2 else b"\n"
