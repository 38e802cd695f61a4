"""The files of one day on the disk: opened, locked against other processes, written whole or not at all.

Many processes write the same files: what is appended to one is one ``os.write`` on an ``O_APPEND`` descriptor, under an
``flock`` on the folder. (An flock does not part threads; what calls this sees to that.)

A kill can cut a write at a page boundary; who comes next sees it by the last byte, and ends that line and a quote that
is open in it, so that the torn row (nobody was answered for it) takes no other with it. A full disk can shorten a
write; its remains are cut off at once. ``flock`` and ``O_APPEND`` are only as good as the file system: logs belong on a
local disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

Write = Callable[[int, bytes], int]  # as os.write: a descriptor and bytes in, how many were written out
_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync
_CHUNK = 1 << 16
_GONE = -1
_LOCK_TIMEOUT, _POLL_INTERVAL = (
    5.0,
    0.0002,
)  # how long to wait for another process's lock, and how often to ask, in seconds


class JournalError(Exception):
    """Rows could not be written: nothing that they stand for may be answered."""


class DailyFiles:
    """The open files of one day, and the folder that their writers lock. Used by one thread at a time."""

    def __init__(
        self,
        folder: Path,
        day: str,
        headers: Mapping[str, bytes],
        write: Write,
        durable: bool,
    ) -> None:
        self.day = day
        self._path = folder
        self._headers = headers
        self._write = write
        self._durable = durable
        self._folder = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._files: dict[str, File] = {}

    def append(self, rows: Mapping[str, bytes]) -> bool:
        """Write rows behind what is there. Returns False, with nothing written, if something was moved or removed."""
        self._take_lock()
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
                deadline = deadline or now + _LOCK_TIMEOUT
                if now > deadline:
                    raise JournalError(
                        f"{self._path}: another process holds its lock for {_LOCK_TIMEOUT:g} s"
                    ) from error
                time.sleep(_POLL_INTERVAL)

    def _is_moved(self) -> bool:
        """Whether the folder at the path is another one by now, or none."""
        try:
            return not os.path.samefile(self._path, self._folder)  # noqa: PTH121 - a descriptor
        except FileNotFoundError:
            return True

    def _file(self, stream: str) -> File:
        if stream not in self._files:
            file = File(self._path / f"{stream}-{self.day}.csv", self._headers[stream], self._write)
            self._files[stream] = file
            if self._durable:
                try:
                    os.fsync(self._folder)
                except OSError:
                    os.close(self._files.pop(stream).descriptor)
                    raise
        return self._files[stream]


class File:
    """One file, open for appending; used under the folder's lock."""

    def __init__(self, path: Path, header: bytes, write: Write) -> None:
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
