"""The cache: the profiles of log files of finished days, a file each, so that a report reads only what is new.

    HASH.npz    under the SHA-256 of the format, what it is compared with, and the log file's name, size and SHA-256

What is read from it is checked as if somebody else had written it: nothing in it is ever executed, and what does not
fit is computed again. It holds nothing that the logs don't.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from filesystem import only_plain, read_plain
from monitor.logs.log_file import LogFile
from monitor.logs.traffic import BUCKETS, Hour, Traffic
from monitor.profiles.profile import SAMPLE_ROWS, FileProfile, Profile, RequestSums
from monitor.profiles.reference import Reference

FORMAT = 1  # another number for each change of what is kept, or of how it is computed
MAX_FILES = 1000
_MAX_SIZE = 1 << 28  # bytes of a file that is read

Kept = TypeVar("Kept", FileProfile, Traffic)
Arrays = Mapping[str, np.ndarray]


class Cache:
    """A folder of profiles. It may be used by several processes, be read-only, or be missing.

    Args:
        reference: of the profiles that are read.
    """

    def __init__(self, folder: Path, reference: Reference) -> None:
        self._folder = folder
        self._reference = reference

    def profile(self, file: LogFile, compute: Callable[[], FileProfile]) -> FileProfile:
        """Return the profile of a prediction log; it is computed if it is not kept."""
        return self._get(file, self._reference.digest, compute, _pack_profile, self._unpack_profile)

    def traffic(self, file: LogFile, compute: Callable[[], Traffic]) -> Traffic:
        """Return the traffic of a request log; it is computed if it is not kept."""
        return self._get(file, ",".join(self._reference.names), compute, _pack_traffic, _unpack_traffic)

    def trim(self) -> None:
        """Remove the files that were used longest ago, if there are more than MAX_FILES."""
        with suppress(OSError):
            files = sorted(self._folder.glob("*.npz"), key=_last_use)
            for path in files[: max(len(files) - MAX_FILES, 0)]:
                path.unlink(missing_ok=True)

    def _get(
        self,
        file: LogFile,
        subject: str,
        compute: Callable[[], Kept],
        pack: Callable[[Kept], Arrays],
        unpack: Callable[[Arrays], Kept],
    ) -> Kept:
        key = json.dumps([FORMAT, subject, file.path.name, file.size, file.sha256])
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
        with suppress(OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError, NotImplementedError):
            kept = unpack(_load(path))
            os.utime(path)
            return kept
        made = compute()
        with suppress(OSError):  # then it is computed again the next time
            if file.path.stat().st_size == file.size:
                _save(path, pack(made))
        return made

    def _unpack_profile(self, arrays: Arrays) -> FileProfile:
        about = json.loads(str(arrays["about"]))
        groups = {}
        for place, (version, role) in enumerate(about["groups"]):
            profile = Profile.empty(self._reference)
            for item in fields(Profile):
                setattr(profile, item.name, _take(arrays, f"{place}.{item.name}", getattr(profile, item.name)))
            _check(profile)
            groups[int(version), str(role)] = profile
        texts = [str(text) for text in about["faults"]]
        return FileProfile(self._reference.digest, groups, int(about["torn"]), int(about["uncompared"]), texts)


def _check(profile: Profile) -> None:
    """Raise ValueError if a profile's parts don't fit each other."""
    totals = [int(counts.sum()) for counts in profile.counts] + profile.missing
    if any(counts.min() < 0 for counts in profile.counts) or (totals != profile.rows).any():
        raise ValueError("the counts don't add up")
    size = len(profile.sample)
    if size != min(profile.rows, SAMPLE_ROWS) or {len(profile.sample_hashes), len(profile.sample_requests)} != {size}:
        raise ValueError("the sample has another size")


def _pack_profile(profile: FileProfile) -> Arrays:
    about = {"groups": list(profile.groups), "torn": profile.torn, "uncompared": profile.uncompared}
    arrays = {"about": np.array(json.dumps(about | {"faults": profile.faults}))}
    for place, group in enumerate(profile.groups.values()):
        for item in fields(Profile):
            _put(arrays, f"{place}.{item.name}", getattr(group, item.name))
    return arrays


def _put(arrays: dict[str, np.ndarray], name: str, value: Any) -> None:
    """Add a value under a name; the parts of a list or of sums under longer names."""
    if isinstance(value, RequestSums):
        value = np.stack([getattr(value, item.name) for item in fields(value)])
    if isinstance(value, list):
        for place, part in enumerate(value):
            _put(arrays, f"{name}.{place}", part)
    elif value is not None:
        arrays[name] = np.asarray(value)


def _take(arrays: Arrays, name: str, like: Any) -> Any:
    """Return the value of a name, of the type and shape of another; the number of rows of a sample is free."""
    if isinstance(like, list):
        return [_take(arrays, f"{name}.{place}", part) for place, part in enumerate(like)]
    if like is None:
        return None
    if isinstance(like, RequestSums):
        shape = (len(fields(like)), len(like.rows))
        return RequestSums(*_take(arrays, name, np.zeros(shape)))
    array, wanted = arrays[name], np.asarray(like)
    free = 1 if ".sample" in name else 0
    if array.dtype != wanted.dtype or array.ndim != wanted.ndim or array.shape[free:] != wanted.shape[free:]:
        raise ValueError(f"{name} has another shape")
    return array if isinstance(like, np.ndarray) else int(array)


def _pack_traffic(traffic: Traffic) -> Arrays:
    about = {item.name: getattr(traffic, item.name) for item in fields(traffic) if item.name != "hours"}
    counts = [
        [hour.requests, hour.answers, hour.refused, hour.errors, *hour.latencies] for hour in traffic.hours.values()
    ]
    table = np.array(counts, dtype=np.int64).reshape(len(counts), 4 + BUCKETS)
    return {"about": np.array(json.dumps(about | {"hours": list(traffic.hours)})), "counts": table}


def _unpack_traffic(arrays: Arrays) -> Traffic:
    about, counts = json.loads(str(arrays["about"])), arrays["counts"]
    if counts.dtype != np.int64 or counts.shape != (len(about["hours"]), 4 + BUCKETS) or (counts < 0).any():
        raise ValueError("the counts have another shape")
    hours = {}
    for name, (requests, answers, refused, errors, *latencies) in zip(about.pop("hours"), counts.tolist(), strict=True):
        hours[str(name)] = Hour(requests, answers, refused, errors, np.array(latencies, dtype=np.int64))
    traffic = Traffic(hours, **about)
    traffic.refusals, traffic.reasons = Counter(traffic.refusals), Counter(traffic.reasons)
    return traffic


def _load(path: Path) -> dict[str, np.ndarray]:
    content = read_plain(path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_SIZE:
            raise ValueError("it is too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _save(path: Path, arrays: Arrays) -> None:
    """Replace a file in one step; several processes may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb", opener=only_plain) as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
