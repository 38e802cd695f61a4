"""Group commit to the files of one day: one ``O_APPEND`` write under an ``flock``, and the repair of a torn write.

A log folder:

    requests-2026-11-23.csv      a header line, then one line a row (RFC 4180); every line ends in "\\n"
    predictions-2026-11-23.csv   likewise; a row never has a line break in it

Many processes append to the same files. A group of rows (writer.py: group commit) is one ``os.write`` on an
``O_APPEND`` descriptor, under an ``flock`` on the folder. Not thread-safe: an flock does not keep threads apart, so
the caller holds a lock of its own.

A kill can tear a write at a page boundary. The next writer sees it by the last byte, and ends the torn line, and a
quote that is open in it, so that readers lose only that row; its request was never answered. A full disk can shorten a
write; the part that was written is cut off at once. All of it is only as good as the file system: use a local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from filesystem import lock

logger = logging.getLogger(__name__)

Write = Callable[[int, bytes], int]  # as os.write: takes a descriptor and bytes, returns how many were written
# How long to wait for another process's lock on the folder, and how often to try, in seconds.
LOCK_TIMEOUT, _POLL_INTERVAL = 5.0, 0.0002
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync
_CHUNK = 1 << 16
_GONE = -1


class JournalError(Exception):
    """Rows could not be written, so their request must not be answered with success."""


class DailyFiles:
    """The open files of one day, and the folder that is locked while they are written. Not thread-safe."""

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
        self._folder = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._files: dict[str, File] = {}

    def append(self, rows: Mapping[str, bytes]) -> bool:
        """Append rows to their files, by stream.

        Returns:
            whether they were written; False, with nothing written, if the folder or a file was moved or removed.

        Raises:
            JournalError: if they can't be written; then no part of them is left in any file.
            OSError: if the sync failed, or a file can't be opened.
        """
        self._lock()
        try:
            try:
                files = [self._file(stream) for stream in rows]
            except FileNotFoundError:
                if self._is_moved():
                    return False
                raise
            sizes = [file.size() for file in files]
            if _GONE in sizes:
                return False
            try:
                for file, size, block in zip(files, sizes, rows.values(), strict=True):
                    file.write(block, size)
            except BaseException:
                for file, size in zip(files, sizes, strict=True):
                    file.truncate(size)
                raise
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)
        if self._durable:
            for file in files:
                _fdatasync(file.descriptor)
        return True

    def probe(self) -> None:
        """Check that the next append finds what it needs: the lock, room on the disk, and files that are ours.

        Raises:
            JournalError: if a file is not a log of these columns, or the lock can't be had.
            OSError: if something can't be opened, made or written.
        """
        self._lock()
        try:
            for stream, header in list(self._headers.items()):  # a thread may add one
                path = self._name(stream)
                if path.exists() or path.is_symlink():  # an append makes the others
                    os.close(File(path, header, self._write).descriptor)
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)
        scratch = self._path / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            try:
                scratch.unlink()
                self._write(descriptor, b"\n")
                if self._durable:
                    _fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:  # nobody knows the scratch file
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def close(self) -> None:
        """Close the files and the folder."""
        os.close(self._folder)
        for file in self._files.values():
            os.close(file.descriptor)

    def _lock(self) -> None:
        try:
            lock(self._folder, self._lock_timeout, poll_interval=_POLL_INTERVAL)
        except TimeoutError as error:
            message = f"{self._path}: another process holds its lock for {self._lock_timeout:g} s"
            raise JournalError(message) from error

    def _name(self, stream: str) -> Path:
        return self._path / f"{stream}-{self.day}.csv"

    def _is_moved(self) -> bool:
        """Return whether the path no longer names the folder that is open here."""
        try:
            return not os.path.samefile(self._path, self._folder)  # noqa: PTH121 - a descriptor
        except FileNotFoundError:
            return True

    def _file(self, stream: str) -> File:
        if stream not in self._files:
            file = File(self._name(stream), self._headers[stream], self._write)
            self._files[stream] = file
            if self._durable:
                try:
                    os.fsync(self._folder)
                except OSError:
                    os.close(self._files.pop(stream).descriptor)
                    raise
        return self._files[stream]


class File:
    """One file, open for appending; used under the folder's lock. Begins with its header, or is not ours."""

    def __init__(self, path: Path, header: bytes, write: Write) -> None:
        self._path = path
        self._header = header
        self._write = write
        self._end = 0  # the size after our last write: if it is still the same, the last row is ours and whole
        self.descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            status = os.fstat(self.descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise JournalError(f"{path}: is not a plain file; move it away")
            self._identity = (status.st_dev, status.st_ino)
            head = os.pread(self.descriptor, len(header), 0)
            if status.st_size < len(header) and header.startswith(head):
                os.ftruncate(self.descriptor, 0)  # its first writer was killed before the header was finished
            elif head != header:
                raise JournalError(
                    f"{path}: its columns are not {header.decode().strip()}; move it away, "
                    "or give this model a log folder of its own"
                )
        except BaseException:
            os.close(self.descriptor)
            raise

    def size(self) -> int:
        """Return the size of the file; _GONE if its path names another file by now, or none."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - on the way of every request
        except FileNotFoundError:
            return _GONE
        return status.st_size if (status.st_dev, status.st_ino) == self._identity else _GONE

    def write(self, rows: bytes, size: int) -> None:
        """Append rows to the ``size`` bytes that are there; before them the header or the end of a torn line."""
        block = rows if size == self._end and size else self._missing(size) + rows
        try:
            written = self._write(self.descriptor, block)
            while written < len(block):
                written += self._write(self.descriptor, block[written:])
        except OSError as error:
            raise JournalError(f"{self._path}: can't be written ({error.strerror or error})") from error
        self._end = size + len(block)

    def truncate(self, size: int) -> None:
        """Remove what was written after the first ``size`` bytes."""
        self._end = 0
        with suppress(OSError):
            os.ftruncate(self.descriptor, size)

    def _missing(self, size: int) -> bytes:
        """Return what has to be written before the next row: the header, or the end of a torn line."""
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
        logger.warning("%s: its last %d bytes had no end of line: their writer was killed", self._path, len(torn))
        return b'"\n' if torn.count(b'"') % 2 else b"\n"
