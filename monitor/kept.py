"""Arrays that are kept of a log file, so that it is not read again: files in the cache, named by the log's state.

    predictions-2026-11-20~STATE.KIND.npz

What is read from them is checked by whoever asks; nothing in them is ever executed. They hold nothing that the logs
don't, and go with them.
"""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from filesystem import only_plain

Arrays = dict[str, np.ndarray]


def state_of(path: Path) -> str:
    """Return a text that changes whenever a log file does: its size and time of change.

    Raises:
        OSError: if there is no such file.
    """
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def load(cache: Path | None, log: Path, state: str, kind: str) -> Arrays:
    """Return the arrays that were kept of a log; none if there are none, or they are damaged."""
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile):
        if cache is not None:
            path = _file(cache, log, state, kind)
            with open(path, "rb", opener=only_plain) as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
    return {}


def save(cache: Path | None, log: Path, state: str, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep arrays, in the place of those of the same kind and log; what can't be written is found again next time."""
    if cache is None:
        return
    kept = _file(cache, log, state, kind)
    new = kept.with_name(f".{kept.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        try:
            with open(new, "wb", opener=only_plain) as file:
                np.savez(file, allow_pickle=False, **arrays)
            for old in cache.glob(f"{log.stem}~*.{kind}.npz"):
                old.unlink(missing_ok=True)
            new.rename(kept)
        finally:
            new.unlink(missing_ok=True)


def forget_missing(cache: Path, logs: Collection[Path]) -> None:
    """Remove what is kept of prediction logs that are not among these: who deletes a log wants its rows gone."""
    names = {path.stem for path in logs}
    for kept in cache.glob("predictions-*~*"):
        if kept.name.partition("~")[0] not in names:
            with suppress(OSError):
                kept.unlink()


def _file(cache: Path, log: Path, state: str, kind: str) -> Path:
    return cache / f"{log.stem}~{state}.{kind}.npz"
