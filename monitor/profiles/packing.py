"""Profiles and traffic as arrays for the cache, and back; whatever is not as it was packed raises an exception."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np

from monitor.cache import Arrays
from monitor.logs.traffic import BUCKETS, Hour, Traffic
from monitor.profiles.profile import SAMPLE_ROWS, FileProfile, Profile, RequestSums
from monitor.profiles.reference import Reference


def unpack_profile(arrays: Arrays, reference: Reference) -> FileProfile:
    """Return the profile in arrays of :func:`pack_profile`, made with this reference."""
    about = json.loads(str(arrays["about"]))
    groups = {}
    for place, (version, role) in enumerate(about["groups"]):
        profile = Profile.empty(reference)
        for item in fields(Profile):
            setattr(profile, item.name, _take(arrays, f"{place}.{item.name}", getattr(profile, item.name)))
        _check(profile)
        groups[int(version), str(role)] = profile
    texts = [str(text) for text in about["faults"]]
    return FileProfile(groups, texts)


def _check(profile: Profile) -> None:
    """Raise ValueError if a profile's parts don't fit each other."""
    if any(counts.min() < 0 for counts in profile.counts) or (profile.missing != profile.missing_sums.total).any():
        raise ValueError("the counts don't add up")
    size = len(profile.sample)
    if size != min(profile.rows, SAMPLE_ROWS) or {len(profile.sample_hashes), len(profile.sample_requests)} != {size}:
        raise ValueError("the sample has another size")


def pack_profile(profile: FileProfile) -> Arrays:
    """Return a profile as arrays."""
    arrays = {"about": np.array(json.dumps({"groups": list(profile.groups), "faults": profile.faults}))}
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


def pack_traffic(traffic: Traffic) -> Arrays:
    """Return traffic as arrays."""
    about = {item.name: getattr(traffic, item.name) for item in fields(traffic) if item.name != "hours"}
    counts = [[hour.answers, hour.refused, hour.errors, *hour.latencies] for hour in traffic.hours.values()]
    table = np.array(counts, dtype=np.int64).reshape(len(counts), 3 + BUCKETS)
    return {"about": np.array(json.dumps(about | {"hours": list(traffic.hours)})), "counts": table}


def unpack_traffic(arrays: Arrays) -> Traffic:
    """Return the traffic in arrays of :func:`pack_traffic`."""
    about, counts = json.loads(str(arrays["about"])), arrays["counts"]
    if counts.dtype != np.int64 or counts.shape != (len(about["hours"]), 3 + BUCKETS) or (counts < 0).any():
        raise ValueError("the counts have another shape")
    hours = {}
    for name, (answers, refused, errors), latencies in zip(
        about.pop("hours"), counts[:, :3].tolist(), counts[:, 3:], strict=True
    ):
        hours[str(name)] = Hour(answers, refused, errors, latencies)
    traffic = Traffic(hours, **about)
    traffic.refusals, traffic.reasons = Counter(traffic.refusals), Counter(traffic.reasons)
    return traffic
