"""What the packages share of the file system: reading plain files only, locks between processes, and safe writes.

All of it is only as good as the file system: use a local disk.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path


def lock(descriptor: int, timeout: float, *, shared: bool = False, poll_interval: float = 0.001) -> None:
    """Take an ``flock``, which other processes respect and other threads with the same descriptor do not.

    Args:
        timeout: how long to wait, in seconds: the process that holds the lock may have been stopped.
        shared: let others hold the lock too, if they also take it as shared.
        poll_interval: how long to sleep between two attempts, in seconds.

    Raises:
        TimeoutError: if another process holds the lock for all that time.
    """
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    deadline = 0.0
    while True:
        try:
            return fcntl.flock(descriptor, kind)
        except BlockingIOError:
            now = time.monotonic()
            deadline = deadline or now + timeout
            if now > deadline:
                raise TimeoutError(f"another process held the lock for {timeout:g} s") from None
            time.sleep(poll_interval)


def only_plain(path: str, flags: int) -> int:
    """Open a plain file, or a link to one, as an ``opener`` of ``open``. Anything else could keep its reader waiting.

    Raises:
        OSError: if there is none, or it is a pipe, a device or a folder.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666)  # else the opening of a pipe waits for its other end
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    kind = {"p": "a pipe", "d": "a folder"}.get(stat.filemode(mode)[0], "a device")
    raise OSError(errno.EINVAL, f"it is {kind}, and a plain file is expected", path)


def read_plain(path: Path) -> bytes:
    """Return the content of a plain file; see :func:`only_plain`."""
    with open(path, "rb", opener=only_plain) as file:
        return file.read()


def sync(path: Path) -> None:
    """Force a file's content, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Replace a small file atomically and durably: a reader sees the old content or the new. One writer at a time.

    The new file gets the mode of the old one, whatever the umask, where the file system has modes.

    Raises:
        OSError: if the new content can't be written; the old file is unchanged.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        with open(temporary, "wb", opener=only_plain) as file:
            file.write(content)
            with suppress(OSError):  # there is no old file, or the file system has no modes
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)
