"""The cache: arrays that were made of a log file, so that it is read again only if it changed.

    predictions-2026-11-20~index~KEY.npz     LOG~KIND~KEY.npz; the key is a SHA-256 over all that the arrays depend on

What is read from it is checked as if somebody else had written it: nothing in it is ever executed, and what does not
fit is made again. It holds nothing that the logs don't, and goes with them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import time
import zipfile
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from filesystem import only_plain, read_plain

FORMAT = 3  # another number for each change of what is cached, or of how it is made
MAX_AGE = 30 * 86400  # seconds after its last use, until a file is removed
_MAX_SIZE = 1 << 28  # bytes of a file that is read

Arrays = dict[str, np.ndarray]
Made = TypeVar("Made")


class Cache:
    """A folder of arrays. It may be used by several processes, be read-only, or be missing.

    Args:
        folder: None caches nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(
        self,
        log: Path,
        kind: str,
        depends_on: Sequence[object],
        make: Callable[[], Made],
        pack: Callable[[Made], Arrays],
        unpack: Callable[[Arrays], Made],
    ) -> Made:
        """Return what was made of a log file. If it is not cached it is made, and replaces what is of the same kind.

        Args:
            depends_on: the state of the file and whatever else the result depends on, as JSON can hold it.
            unpack: raises any exception if the arrays are not those of ``pack``.
        """
        if self._folder is None:
            return make()
        key = hashlib.sha256(json.dumps([FORMAT, *depends_on]).encode()).hexdigest()
        path = self._folder / f"{log.stem}~{kind}~{key}.npz"
        with suppress(Exception):  # a damaged file raises nearly anything
            made = unpack(_load(path))
            with suppress(OSError):
                os.utime(path)
            return made
        made = make()
        with suppress(OSError):  # then it is made again the next time
            _save(path, pack(made))
            for old in self._folder.glob(f"{log.stem}~{kind}~*.npz"):
                if old != path:
                    old.unlink(missing_ok=True)
        return made

    def clean(self, logs: Collection[Path]) -> None:
        """Remove what was made of other logs than these, and what was not used for long.

        Who deletes a log wants its rows gone.
        """
        names, oldest = {path.stem for path in logs}, time.time() - MAX_AGE
        with suppress(OSError):
            for path in self._folder.iterdir() if self._folder else ():
                is_ours = path.name.lstrip(".").partition("~")[0] in names
                with suppress(FileNotFoundError):
                    if ".npz" in path.name and not (is_ours and path.stat().st_mtime > oldest):
                        path.unlink()


def state_of(path: Path) -> tuple[int, int]:
    """Return what changes whenever a log file does: its size and time of change.

    Raises:
        OSError: if there is no such file.
    """
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _load(path: Path) -> Arrays:
    content = read_plain(path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_SIZE:
            raise ValueError("it is too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _save(path: Path, arrays: Arrays) -> None:
    """Replace a file in one step; several processes may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb", opener=only_plain) as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
