"""Appends to the files of one day: one ``O_APPEND`` write a file, under an ``flock`` on the folder.

A file is a header line, then one line a row (RFC 4180); each ends in "\\n", and no row has a line break in it. Many
processes append to the same files. An flock does not keep threads apart, so the caller holds a lock. All of it is only
as good as the file system: use a local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from filesystem import lock
from journal.log_folder import (
    JournalError,
    Write,
    check_room,
    end_of,
    file_name,
    is_moved,
    last_closed_day,
    open_day,
    open_file,
)
from journal.repair import end_of_torn, read_unended_line, take_back

logger = logging.getLogger(__name__)

_POLL_INTERVAL = 0.0002  # how often to try for the folder's lock, in seconds
_STAT_INTERVAL = 0.01  # how long to believe that a path still names the open file, in seconds
_EXCLUSIVE = fcntl.LOCK_EX | fcntl.LOCK_NB
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync


class Appender:
    """The open files of one day, and the folder that is locked while they are written. Not thread-safe.

    Attributes:
        day: of the rows; empty when the files have to be opened again.
    """

    def __init__(
        self,
        folder: Path,
        day: str,
        headers: Mapping[str, bytes],
        write: Write,
        *,
        durable: bool,
        lock_timeout: float,
    ) -> None:
        self.day = day
        self._path = folder
        self._headers = headers
        self._write = write
        self._durable = durable
        self._lock_timeout = lock_timeout
        self._last_day = open_day(folder, day)
        self._over = end_of(self._last_day)
        self._folder = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._files: dict[str, File] = {}
        self._next_stat = 0.0  # when to see next whether the paths still name the files

    def append(self, rows: Mapping[str, bytes]) -> bool:
        """Append rows to their files, by stream.

        Returns:
            whether they were written; False if the day was closed, or the folder or a file was moved or removed, which
                is noticed in 10 ms: then nothing was written, and the files of the day are to be opened again.

        Raises:
            JournalError, OSError: if they can't be written. Then none of them counts: what was written is cut off, or
                marked as torn (repair.py).
        """
        try:
            fcntl.flock(self._folder, _EXCLUSIVE)  # usually free, and this saves two calls
        except BlockingIOError:
            self._lock()
        try:
            if time.time() >= self._over and last_closed_day(self._path) >= self._last_day:
                return False
            now = time.monotonic()
            if now >= self._next_stat:
                if not all(file.is_in_place() for file in self._files.values()):
                    return False
                self._next_stat = now + _STAT_INTERVAL
            if not rows.keys() <= self._files.keys() and not self._open_missing(rows):
                return False
            written = []
            try:
                for stream, block in rows.items():
                    self._files[stream].write(block)
                    written.append(stream)
            except BaseException:
                for stream in written:
                    self._files[stream].take_back(rows[stream], locked=True)
                raise
        finally:
            self._unlock()
        if self._durable:
            self._sync(rows)
        return True

    def probe(self, optional: Collection[str]) -> None:
        """Check that the next append finds the lock, room on the disk, and files that are ours, but for ``optional``.

        Raises:
            JournalError, OSError: with what is wrong.
        """
        self._lock()
        try:
            for stream, header in list(self._headers.items()):  # a thread may add one
                path = self._name(stream)
                if stream not in optional and (path.exists() or path.is_symlink()):  # an append makes the others
                    os.close(File(path, header, self._write).descriptor)
        finally:
            self._unlock()
        check_room(self._path, self._write, _fdatasync if self._durable else None)

    def close(self) -> None:
        """Close the files and the folder."""
        if self._folder >= 0:
            os.close(self._folder)
        for file in self._files.values():
            os.close(file.descriptor)

    def _lock(self) -> None:
        lock(self._folder, self._lock_timeout, poll_interval=_POLL_INTERVAL)

    def _unlock(self) -> None:
        try:
            fcntl.flock(self._folder, fcntl.LOCK_UN)
        except OSError:  # closing the folder releases the lock too, and what was written is sound
            self.day, folder, self._folder = "", self._folder, -1  # so that the next append opens everything again
            with suppress(OSError):
                os.close(folder)

    def _sync(self, rows: Mapping[str, bytes]) -> None:
        """Force what was written to the disk, or take it back, also on the disk if it can be."""
        files = [self._files[stream] for stream in rows]
        try:
            for file in files:
                _fdatasync(file.descriptor)
        except BaseException:
            try:
                self._lock()
                locked = True
            except (OSError, ValueError):  # ValueError if the folder is closed
                locked = False
            for stream, block in rows.items():
                self._files[stream].take_back(block, locked=locked)
            if locked:
                self._unlock()
            for file in files:
                with suppress(OSError):
                    _fdatasync(file.descriptor)
            raise

    def _name(self, stream: str) -> Path:
        return self._path / file_name(stream, self.day, self._last_day)

    def _open_missing(self, streams: Iterable[str]) -> bool:
        """Open the files of streams that are not open yet. Return whether the folder is still in its place."""
        try:
            for stream in streams:
                if stream not in self._files:
                    self._open(stream)
        except FileNotFoundError:
            if is_moved(self._path, self._folder):
                return False
            raise
        return True

    def _open(self, stream: str) -> None:
        if is_moved(self._path, self._folder):  # the rows of a request stay together
            raise FileNotFoundError(f"{self._path} was moved")
        file = File(self._name(stream), self._headers[stream], self._write)
        if self._durable:
            try:
                os.fsync(self._folder)
            except OSError:
                os.close(file.descriptor)
                raise
        self._files[stream] = file


class File:
    """A file, open for appending. Raises what open_file() does."""

    def __init__(self, path: Path, header: bytes, write: Write) -> None:
        self._path = path
        self._header = header
        self._write = write
        self._start = 0  # the size before our last write
        self._end = 0  # the size after it: if the file still has it, the last row is ours and whole
        self.descriptor, self._identity = open_file(path, header)

    def is_in_place(self) -> bool:
        """Return whether the path still names this file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def write(self, rows: bytes) -> None:
        """Append rows; before them the header, or the end of a torn line.

        Raises:
            JournalError: if that failed; then none of them counts.
        """
        size = self._start = os.lseek(self.descriptor, 0, os.SEEK_END)  # a fourth of a stat
        block = rows if size == self._end and size else self._missing(size) + rows
        self._end = size + len(block)
        try:
            written = self._write(self.descriptor, block)
            while written < len(block):
                written += self._write(self.descriptor, block[written:])
        except BaseException as error:
            self.take_back(rows, locked=True)
            if not isinstance(error, OSError):
                raise
            raise JournalError(f"{self._path}: can't be written ({error.strerror or error})") from error

    def take_back(self, rows: bytes, *, locked: bool) -> None:
        """Make the rows of the last write not count; ``locked`` says whether nobody else can append now."""
        end, self._end = self._end, 0
        try:
            take_back(self.descriptor, rows, self._start, end, locked=locked)
        except OSError:
            message = "%s: the rows from byte %d to %d look answered, and are not"
            logger.exception(message, self._path, end - len(rows), end)

    def _missing(self, size: int) -> bytes:
        """Return what has to be written before the next row: the header, or the end of a torn line."""
        if size == 0:
            return self._header
        if not (torn := read_unended_line(self.descriptor, size)):
            return b""
        logger.warning("%s: its last %d bytes had no end of line: their writer was killed", self._path, len(torn))
        return end_of_torn(torn, self._header.count(b",") + 1)
