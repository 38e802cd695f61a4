"""A log folder: its files' names, how one is opened, and which days are closed: no row is added to their files then.

    requests-2026-11-23.csv                      the rows of the requests that arrived on a day
    requests-2026-11-23.late-2026-11-25.csv      those that came after the day was closed, by the day they came on
    .closed                                      the last day that is closed

A request may last longer than its day, and its rows may come after the day's files were sealed. They go into a late
file. It is closed with the files of its second day, and read together with those of its first.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from filesystem import lock, read_plain, replace

Write = Callable[[int, bytes], int]  # as os.write: takes a descriptor and bytes, returns how many were written
LOCK_TIMEOUT = 5.0  # how long to wait for another process's lock on the folder, in seconds
_MARKER = ".closed"
_DAY = "????-??-??"


class JournalError(Exception):
    """Rows could not be written, so their request must not be answered with success."""


def daily_files(folder: Path, stream: str) -> list[Path]:
    """Return the files of a stream, like "requests", oldest day first, its late rows after it."""
    return sorted(path for end in (_DAY, f"{_DAY}.late-{_DAY}") for path in folder.glob(f"{stream}-{end}.csv"))


def file_name(stream: str, day: str, last_day: str) -> str:
    """Return the name of the file with the rows of a day that is closed with the last day."""
    return f"{stream}-{day}.csv" if day == last_day else f"{stream}-{day}.late-{last_day}.csv"


def day_of(path: Path) -> str:
    """Return the day on which the requests arrived whose rows are in a file."""
    return path.stem.partition(".")[0][-10:]


def last_day_of(path: Path) -> str:
    """Return the day with which a file is closed: the one on which its rows are written."""
    return path.stem[-10:]


def today() -> str:
    """Return the current day in UTC."""
    return datetime.now(UTC).date().isoformat()


def next_day(day: str) -> str:
    """Return the day after a day."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def end_of(day: str) -> float:
    """Return when a day ends, in seconds since the epoch."""
    return datetime.fromisoformat(f"{next_day(day)}T00:00:00+00:00").timestamp()


def last_closed_day(folder: Path) -> str:
    """Return the last day that is closed; empty if none is.

    Raises:
        JournalError: if the marker holds no day.
        OSError: if it can't be read.
    """
    marker = folder / _MARKER
    try:
        return date.fromisoformat(read_plain(marker).decode()).isoformat()
    except FileNotFoundError:
        return ""
    except ValueError as error:
        raise JournalError(f"{marker}: expected a day like 2026-11-23; remove it, and seal the logs again") from error


def open_day(folder: Path, day: str) -> str:
    """Return the day with which the file is closed that takes rows of a day now: the day itself, if it is open.

    Raises:
        JournalError, OSError: as last_closed_day().
    """
    if day >= today() or day > (closed := last_closed_day(folder)):
        return day
    return max(today(), next_day(closed))


def close_days(folder: Path, last: str) -> None:
    """Close all days up to ``last``. Who appends next, in any process, sees it.

    Raises:
        JournalError: if the marker holds no day.
        OSError: if the folder's lock can't be had, or the marker can't be written.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor, LOCK_TIMEOUT)
        if last_closed_day(folder) < last:
            replace(folder / _MARKER, last.encode())
    except TimeoutError as error:
        raise TimeoutError(f"{folder}: {error}") from error
    finally:
        os.close(descriptor)


def is_moved(folder: Path, descriptor: int) -> bool:
    """Return whether a path no longer names the folder that is open."""
    try:
        return not os.path.samefile(folder, descriptor)  # noqa: PTH121 - a descriptor
    except FileNotFoundError:
        return True


def open_file(path: Path, header: bytes) -> tuple[int, tuple[int, int]]:
    """Open a file for appending; a new one has no header yet.

    Returns:
        its descriptor, and its device and inode.

    Raises:
        JournalError: if it is no plain file, or does not begin with this header.
        OSError: if it can't be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"{path}: is not a plain file; move it away")
        head = os.pread(descriptor, len(header), 0)
        if status.st_size < len(header) and header.startswith(head):
            os.ftruncate(descriptor, 0)  # its first writer was killed before the header was finished
        elif head != header:
            raise JournalError(
                f"{path}: its columns are not {header.decode().strip()}; move it away, "
                "or give this model a log folder of its own"
            )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, (status.st_dev, status.st_ino)


def check_room(folder: Path, write: Write, sync: Callable[[int], None] | None) -> None:
    """Check that files can be made in a folder, and take bytes.

    Args:
        sync: what forces a descriptor's bytes to the disk; None if they need not get there.

    Raises:
        OSError: with the folder as its file.
    """
    scratch = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            scratch.unlink()
            write(descriptor, b"\n")
            if sync:
                sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
