"""Folders in which the files of a version are written, before it is published.

Each is locked (``flock``) for as long as its process lives. So a folder that nobody has locked was left by a process
that was killed, and can go.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filesystem import lock

_STAGING, _UNLOCKED = ".staging-", ".new-staging-"


@contextmanager
def staged_folder(parent: Path) -> Iterator[Path]:
    """Provide a new, locked folder in this one; remove it at the end if it is still there.

    Before, those are removed that killed processes have left.
    """
    _remove_abandoned(parent)
    name = secrets.token_hex(8)
    unlocked, folder = parent / f"{_UNLOCKED}{name}", parent / f"{_STAGING}{name}"
    unlocked.mkdir()  # not mkdtemp: the umask says who may read it, as it will of the version
    descriptor = os.open(unlocked, os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor, 0)
        unlocked.rename(folder)  # from here on others look at it, and find it locked
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_STAGING}*"):
        with suppress(OSError):  # it went by itself, or belongs to another user
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                lock(descriptor, 0)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
