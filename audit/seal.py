"""Seals: the log files of finished days, with their rows and SHA-256, as lines of the model's history.

So an edited, shortened or removed log is found as an edited line of the history is. Reads the logs; writes the history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from journal import daily_files
from registry import Actor, VersionStore

STREAMS = ("requests", "predictions", "feedback")
# A request's rows go into the files of the day on which it arrived, so these may still grow for a while.
GRACE = timedelta(hours=1)


def seal(store: VersionStore, logs: Path, now: datetime, who: Actor) -> list[str]:
    """Write a line of history for each file of a finished day that has none yet. Returns the files' names.

    Args:
        logs: the folder of the model's logs.
        now: in UTC.

    Raises:
        RegistryError: if the history can't be written.
        OSError: if a file can't be read.
    """
    last = (now - GRACE).date().isoformat()
    sealed: list[str] = []
    with store.aliases.write_lock():
        there = {line.content["file"] for line in store.history.entries() if line.content["action"] == "seal"}
        for path in _files(logs):
            if path.name not in there and path.stem[-10:] < last:
                rows, digest = _measure(path)
                said = {"action": "seal", "by": who.by, "file": path.name, "rows": rows, "sha256": digest}
                store.history.append(said)
                sealed.append(path.name)
    return sealed


def find_changed_files(store: VersionStore, logs: Path) -> Iterator[str]:
    """Yield what about the sealed files is not as it was sealed; nothing if all is.

    Raises:
        RegistryError: if the history was changed.
    """
    for line in store.history.entries():
        if line.content["action"] != "seal":
            continue
        path = logs / line.content["file"]
        sealed = f"it was sealed on {line.content['time'][:10]} with {line.content['rows']} rows"
        try:
            rows, digest = _measure(path)
        except OSError as error:
            yield f"{path}: can't be read ({error.strerror}); {sealed}"
            continue
        if digest != line.content["sha256"]:
            yield f"{path}: was changed: it has {rows} rows; {sealed}"


def _files(logs: Path) -> list[Path]:
    return [path for stream in STREAMS for path in daily_files(logs, stream)]


def _measure(path: Path) -> tuple[int, str]:
    """The rows of a file, without its header, and its SHA-256."""
    lines, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    return max(lines - 1, 0), digest.hexdigest()
