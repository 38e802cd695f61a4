"""The profile of a window: the sum over its days, whole finished days from the cache."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from journal import daily_files, day_of
from monitor.cache import Cache
from monitor.logs.log_file import LogFile, unreadable
from monitor.logs.traffic import Traffic
from monitor.profiles.log_files import count_traffic, profile_file
from monitor.profiles.packing import pack_profile, pack_traffic, unpack_profile, unpack_traffic
from monitor.profiles.profile import MAX_FAULTS, FileProfile
from monitor.profiles.reference import Reference
from monitor.window import Window
from registry import VersionStore
from registry.history_line import SEAL

_THREADS = 2


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
    store = Cache(cache)
    wanted = set(window.days())
    try:
        predictions, requests = (daily_files(logs, stream) for stream in ("predictions", "requests"))
    except OSError as error:
        return WindowProfile({}, FileProfile(), Traffic(), [unreadable(logs, error)])
    # Two files at a time: DuckDB and numpy leave the interpreter to each other while they work.
    with ThreadPoolExecutor(_THREADS) as pool:
        paths = [path for path in predictions if day_of(path) in wanted]
        profiles = pool.map(lambda path: _profile(path, reference, window, store), paths)
        others = [path for path in requests if day_of(path) in wanted]
        counts = pool.map(lambda path: _traffic(path, reference, window, store), others)
        days: dict[str, FileProfile] = {}
        for path, profile in zip(paths, profiles, strict=True):
            days[day_of(path)] = days.get(day_of(path), FileProfile()) + profile
        traffic = sum(counts, Traffic())
    store.clean([*predictions, *requests])
    total = sum(days.values(), FileProfile())
    gaps = [
        *find_gaps({day_of(path) for path in (*predictions, *requests)}, wanted),
        *_find_half_days({day_of(path) for path in requests}, days, traffic),
    ]
    missing = [name for name in sorted(sealed) if day_of(Path(name)) in wanted and not (logs / name).exists()]
    faults = [*(f"{name}: was sealed, and is gone" for name in missing), *gaps, *total.faults, *traffic.faults]
    return WindowProfile(days, total, traffic, list(dict.fromkeys(faults))[:MAX_FAULTS])


def sealed_files(store: VersionStore) -> list[str]:
    """Return the names of the log files that the history has seals of.

    Raises:
        HistoryError: if it can't be verified.
    """
    return [entry.content["file"] for entry in store.history.entries() if entry.content["action"] == SEAL]


def find_gaps(days: Collection[str], wanted: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each wanted day without a file that lies between days with files."""
    known = [day for day in days if _is_day(day)]
    for day in sorted(wanted):
        if known and min(known) < day < max(known) and day not in known:
            yield f"there is no log of {day}: no request came on that day, or its files were removed"


def _find_half_days(requests: Collection[str], days: Mapping[str, FileProfile], traffic: Traffic) -> Iterator[str]:
    """Yield a sentence for each finished day that has rows in one of the two logs and nothing in the other."""
    answered = {hour[:10] for hour, counts in traffic.hours.items() if counts.answers}
    predicted = {day for day, profile in days.items() if profile.groups}
    broken = {day for day, profile in days.items() if profile.faults}
    today = datetime.now(UTC).date().isoformat()  # the service writes to both, and they are not read at one moment
    for day in sorted(answered - predicted - broken - {today}):
        yield f"there is no prediction of {day}, though requests were answered on that day"
    for day in sorted(predicted - set(requests) - {today}):
        yield f"there is no request log of {day}, though there are predictions of that day"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _profile(path: Path, reference: Reference, window: Window, cache: Cache) -> FileProfile:
    try:
        file = LogFile.open(path)
        compute = partial(profile_file, file, reference, window)
        if not _is_whole(path, window):
            return compute()
        kind, depends_on = f"profile-{reference.digest[:16]}", [file.size, file.sha256, reference.digest]
        return cache.get(path, kind, depends_on, compute, pack_profile, partial(unpack_profile, reference=reference))
    except OSError as error:
        return FileProfile(faults=[unreadable(path, error)])


def _traffic(path: Path, reference: Reference, window: Window, cache: Cache) -> Traffic:
    try:
        file = LogFile.open(path)
        compute = partial(count_traffic, file, reference.names[:-1], window)
        if not _is_whole(path, window):
            return compute()
        depends_on = [file.size, file.sha256, reference.names]
        return cache.get(path, "traffic", depends_on, compute, pack_traffic, unpack_traffic)
    except OSError as error:
        return Traffic(faults=[unreadable(path, error)])


def _is_whole(path: Path, window: Window) -> bool:
    """Return whether the whole of a file's day lies in the window, and is over."""
    return window.holds(day_of(path)) and day_of(path) < datetime.now(UTC).date().isoformat()
