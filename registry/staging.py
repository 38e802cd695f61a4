"""Folders in which the files of a version are written, before it is published.

Each is locked (``flock``) for as long as its process lives. So a folder that nobody has locked was left by a process
that was killed, and can go. A process of an older release holds no lock: let it end first.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filesystem import lock

_STAGING, _UNLOCKED = ".staging-", ".new-staging-"
_LONG = 3600  # seconds: a living process locks its new folder at once


@contextmanager
def staged_folder(parent: Path) -> Iterator[Path]:
    """Provide a new, locked folder in this one; remove it at the end if it is still there.

    Before, those are removed that killed processes have left.
    """
    _remove_abandoned(parent)
    name = secrets.token_hex(8)
    unlocked, folder = parent / f"{_UNLOCKED}{name}", parent / f"{_STAGING}{name}"
    unlocked.mkdir()  # not mkdtemp: the umask says who may read it, as it will of the version
    try:
        with _locked(unlocked):
            unlocked.rename(folder)  # from here on others look at it, and find it locked
            yield folder
    finally:
        with suppress(OSError):  # as a rule it has another name by now
            unlocked.rmdir()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in (*parent.glob(f"{_STAGING}*"), *parent.glob(f"{_UNLOCKED}*")):
        with suppress(OSError):  # it went by itself, is locked, or belongs to another user
            may_be_locked_yet = folder.name.startswith(_UNLOCKED) and time.time() - folder.lstat().st_mtime < _LONG
            if not may_be_locked_yet:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        lock(descriptor, 0)
        yield
    finally:
        os.close(descriptor)
