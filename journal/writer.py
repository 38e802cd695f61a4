"""Group commit: the threads of a process share one write and one sync, as the clients of a database do.

While one thread writes, the rows of the others wait in a queue; the thread that gets the lock next writes all of them.
Where nobody waits, which is the usual case, a thread writes its own rows at once.
A request's rows are in their files before :meth:`Journal.append` returns, or none of them is. A file is named by the
day of its rows, so there is no rotation to coordinate. How rows get into the files of a day: appender.py.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filesystem import sync
from journal.appender import Appender
from journal.log_folder import LOCK_TIMEOUT, JournalError, Write, today

Durability = Literal["write", "fsync"]
_LAST = "requests"  # written last: a request's row says that its rows in the other streams are there


class Journal:
    """The logs of one model: streams of rows, each in a file a day, ``folder/STREAM-YYYY-MM-DD.csv``. Thread-safe.

    Args:
        durability: "write" survives a crash of the process, "fsync" also a power loss; concurrent appends share a sync.
        write: ``os.write``, or a replacement for tests.
        lock_timeout: how long to wait for the folder's lock, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = "write",
        write: Write = os.write,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self._folder = folder
        self._durable = durability == "fsync"
        self._write = write
        self._lock_timeout = lock_timeout
        self._headers: dict[str, bytes] = {}
        self._optional: set[str] = set()
        self._queue: deque[_Entry] = deque()
        self._lock = threading.Lock()  # held by the thread that writes the whole queue
        self._files: Appender | None = None

    def add_stream(self, stream: str, columns: Sequence[str], *, optional: bool = False) -> None:
        """Declare the columns of a stream. To be called before the first append to it.

        Args:
            optional: whether a probe is good also if the stream's file can't take rows.
        """
        self._headers[stream] = (",".join(columns) + "\n").encode()
        if optional:
            self._optional.add(stream)

    def append(self, day: str, rows: dict[str, bytes]) -> None:
        """Append whole lines to the files of a day, by stream, of at least one; the stream "requests" is written last.

        Raises:
            JournalError: if they could not be written; then none of them counts: readers find no part of them, or torn
                rows.
        """
        if not self._queue and self._lock.acquire(False):  # nobody waits, as usual; a keyword would double its time
            try:
                self._write_rows(day, rows if next(reversed(rows)) == _LAST else _joined([_Entry(day, rows)]))
            finally:
                self._lock.release()
            return
        entry = _Entry(day, rows)
        self._queue.append(entry)
        with self._lock:
            if entry.fault is None:
                self._write_queue()
        if entry.fault != "":
            raise JournalError(entry.fault or "the thread that wrote the log was interrupted")

    def probe(self, day: str = "") -> None:
        """Check all that an append to the files of a day needs. Writes no rows, and takes well under a millisecond.

        It opens the files anew, so that all processes come to the same result.

        Args:
            day: by default today, in UTC.

        Raises:
            JournalError: with the reason, if rows can't be written.
        """
        try:
            files = self._open(day or today())
            try:
                files.probe(self._optional)
            finally:
                files.close()
        except OSError as error:
            raise self._fault(error) from error

    def _write_queue(self) -> None:
        """Write the rows of all waiting threads, with one write and one sync a file."""
        batch = []
        while self._queue:
            batch.append(self._queue.popleft())
        for day in {entry.day for entry in batch}:
            entries = [entry for entry in batch if entry.day == day]
            fault = ""
            try:
                self._write_rows(day, _joined(entries))
            except JournalError as error:
                fault = str(error)
            for entry in entries:
                entry.fault = fault

    def _write_rows(self, day: str, rows: Mapping[str, bytes]) -> None:
        try:
            # Only one day's files are open, so that deleting an old file frees its disk space. They are opened again if
            # somebody moved or removed one: rows must not go where no one looks for them.
            while self._files is None or self._files.day != day or not self._files.append(rows):
                self._close()
                self._files = self._open(day)
        except OSError as error:
            raise self._fault(error) from error

    def _open(self, day: str) -> Appender:
        """Return the files of a day; they are opened when they are needed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._durable:
            for folder in (self._folder.parent, self._folder.parent.parent):
                sync(folder)
        return Appender(
            self._folder, day, self._headers, self._write, durable=self._durable, lock_timeout=self._lock_timeout
        )

    def _fault(self, error: OSError) -> JournalError:
        path, reason = Path(error.filename or self._folder), error.strerror or str(error)
        if isinstance(error, FileNotFoundError | FileExistsError) and path.is_symlink():
            reason = f"it links to {path.readlink()}, which is not there; make it, or remove the link"
        elif isinstance(error, FileExistsError):
            reason = "it is not a folder; move it away, or choose another folder for the logs"
        return JournalError(f"{path}: can't be written ({reason})")

    def _close(self) -> None:
        files, self._files = self._files, None  # first: a descriptor must not be closed twice, not even after a fault
        if files is not None:
            files.close()


@dataclass(eq=False, slots=True)
class _Entry:
    """Rows that wait to be written, and then why they were not; "" if they were."""

    day: str
    rows: Mapping[str, bytes]
    fault: str | None = None


def _joined(entries: Sequence[_Entry]) -> Mapping[str, bytes]:
    """Return the rows of all entries by stream, in the order in which the streams are written."""
    blocks: dict[str, list[bytes]] = {}
    for entry in entries:
        for stream, rows in entry.rows.items():
            blocks.setdefault(stream, []).append(rows)
    return {stream: b"".join(blocks[stream]) for stream in sorted(blocks, key=_LAST.__eq__)}
