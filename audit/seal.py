"""Seals: the log files of finished days, with their rows and SHA-256, as lines of the model's history.

An edited, shortened or removed log is then found as an edited line of the history is. Reads the logs; writes the
history.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filesystem import only_plain
from journal import EXPLANATIONS, FEEDBACK, close_days, daily_files, last_day_of
from registry import Actor, VersionStore
from registry.history_line import SEAL, Entry

STREAMS = ("requests", "predictions", EXPLANATIONS, FEEDBACK)
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
LOG_NAME = re.compile(rf"({'|'.join(STREAMS)})-{_DAY}(\.late-{_DAY})?\.csv", re.ASCII)
# A request's rows go into the files of the day on which it arrived, so these may still grow for a while.
GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seal:
    """What the history says of one log file: its name, its rows and its SHA-256, and who sealed it when."""

    file: str
    rows: int
    sha256: str
    time: str
    by: str


def seal(store: VersionStore, logs: Path, now: datetime, who: Actor) -> list[str]:
    """Write a line of history for each file of a finished day that has none yet. Return the files' names.

    The days are closed before: rows that still come go into other files, which are sealed in their turn.

    Args:
        logs: the folder of the model's logs.
        now: in UTC.

    Raises:
        RegistryError: if the history can't be written.
        JournalError, OSError: if a file can't be read, or the days can't be closed.
    """
    last = ((now - GRACE).date() - timedelta(days=1)).isoformat()  # the last day that is over
    names: list[str] = []
    with store.aliases.write_lock():
        sealed = {item.file for item in read_seals(store.history.entries())}
        if logs.is_dir():
            close_days(logs, last)
        for path in log_files(logs):
            if path.name not in sealed and last_day_of(path) <= last:
                rows, digest = _measure(path)
                store.history.append({"action": SEAL, "by": who.by, "file": path.name, "rows": rows, "sha256": digest})
                names.append(path.name)
    return names


def read_seals(entries: Iterable[Entry]) -> list[Seal]:
    """Return the seals in a history, in the order of its lines."""
    contents = [entry.content for entry in entries if entry.content["action"] == SEAL]
    return [Seal(line["file"], line["rows"], line["sha256"], line["time"], line["by"]) for line in contents]


def find_changed_files(store: VersionStore, logs: Path) -> Iterator[str]:
    """Yield a sentence for each sealed file that is not as it was sealed.

    Raises:
        RegistryError: if the history was changed.
    """
    for item in read_seals(store.history.entries()):
        if change := find_change(item, logs):
            yield change


def find_change(item: Seal, logs: Path) -> str | None:
    """Return what was changed in a sealed file, as a sentence; None if nothing was."""
    if not LOG_NAME.fullmatch(item.file):  # it could be any file of this machine
        return f"{logs}: the history has a seal of {item.file!r}, which is not the name of a log file"
    path = logs / item.file
    sealed = f"it was sealed on {item.time[:10]} with {item.rows} rows"
    try:
        rows, digest = _measure(path)
    except OSError as error:
        return f"{path}: can't be read ({error.strerror}); {sealed}"
    return None if digest == item.sha256 else f"{path}: was changed: it has {rows} rows; {sealed}"


def log_files(logs: Path) -> list[Path]:
    """Return the files in a model's log folder: those of each stream, oldest first."""
    return [path for stream in STREAMS for path in daily_files(logs, stream)]


def _measure(path: Path) -> tuple[int, str]:
    """Return the rows of a file, without its header, and its SHA-256."""
    lines, digest = 0, hashlib.sha256()
    with open(path, "rb", opener=only_plain) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    return max(lines - 1, 0), digest.hexdigest()
