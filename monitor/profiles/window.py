"""The profile of a window: the sum over its days, whole finished days from the cache."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from journal import daily_files, day_of
from monitor.logs.log_file import LogFile
from monitor.logs.traffic import Traffic
from monitor.profiles.cache import Cache
from monitor.profiles.log_files import count_traffic, profile_file
from monitor.profiles.profile import MAX_FAULTS, FileProfile
from monitor.profiles.reference import Reference
from monitor.window import Window
from registry import VersionStore
from registry.history_line import SEAL

STREAMS = ("predictions", "requests")


@dataclass(slots=True)
class WindowProfile:
    """What the logs of a window add up to.

    Attributes:
        days: by day, as "2026-11-20"; days without a file have none.
        total: the sum over the days.
        faults: sentences about what could not be read, each once, MAX_FAULTS at most.
    """

    days: dict[str, FileProfile]
    total: FileProfile
    traffic: Traffic
    faults: list[str] = field(default_factory=list)


def profile_window(
    logs: Path, reference: Reference, window: Window, cache: Path, sealed: Collection[str] = ()
) -> WindowProfile:
    """Return the profile of a window, whatever state the logs are in: what can't be read is named in its faults.

    Args:
        logs: the folder of the model's logs; no lock is taken there.
        cache: the folder of the profiles of finished days; it is made if it is missing.
        sealed: the names of the files that must be there, see :func:`sealed_files`.
    """
    days: dict[str, FileProfile] = {}
    traffic = Traffic()
    kept = Cache(cache, reference)
    faults = list(find_gaps(logs, window, sealed))
    for day in window.days():
        for path in _files(logs, "predictions", day):
            profile = _profile(path, reference, window, kept)
            days[day] = days[day] + profile if day in days else profile
        for path in _files(logs, "requests", day):
            traffic += _traffic(path, reference, window, kept)
    kept.trim()
    total = sum(days.values(), FileProfile(reference.digest))
    every = dict.fromkeys([*faults, *total.faults, *traffic.faults])
    return WindowProfile(days, total, traffic, list(every)[:MAX_FAULTS])


def sealed_files(store: VersionStore) -> list[str]:
    """Return the names of the log files that the history has seals of.

    Raises:
        HistoryError: if it can't be verified.
    """
    return [entry.content["file"] for entry in store.history.entries() if entry.content["action"] == SEAL]


def find_gaps(logs: Path, window: Window, sealed: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each file of the window that is missing: sealed, or of a day between two days with files."""
    wanted = set(window.days())
    for name in sorted(sealed):
        if day_of(Path(name)) in wanted and not (logs / name).exists():
            yield f"{name}: was sealed, and is gone"
    days = sorted({day_of(path) for stream in STREAMS for path in daily_files(logs, stream)})
    for before, after in pairwise(days):
        day = date.fromisoformat(before) + timedelta(days=1)
        while day.isoformat() < after:
            if day.isoformat() in wanted:
                yield f"there is no log of {day}: no request came on that day, or its files were removed"
            day += timedelta(days=1)


def _profile(path: Path, reference: Reference, window: Window, cache: Cache) -> FileProfile:
    try:
        file = LogFile.measure(path)
        compute = partial(profile_file, file, reference, window)
        return cache.profile(file, compute) if _is_whole(path, window) else compute()
    except OSError as error:
        return FileProfile(reference.digest, faults=[_unread(path, error)])


def _traffic(path: Path, reference: Reference, window: Window, cache: Cache) -> Traffic:
    try:
        file = LogFile.measure(path)
        compute = partial(count_traffic, file, reference.names[:-1], window)
        return cache.traffic(file, compute) if _is_whole(path, window) else compute()
    except OSError as error:
        return Traffic(faults=[_unread(path, error)])


def _is_whole(path: Path, window: Window) -> bool:
    """Return whether the whole of a file's day lies in the window, and is over."""
    return window.holds(day_of(path)) and day_of(path) < datetime.now(UTC).date().isoformat()


def _unread(path: Path, error: OSError) -> str:
    return f"{path.name}: can't be read ({error.strerror or error})"


def _files(logs: Path, stream: str, day: str) -> list[Path]:
    return [path for path in daily_files(logs, stream) if day_of(path) == day]
