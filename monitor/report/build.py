"""Builds a report: the profile of a window, its drift and its accuracy, put together with their words."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from monitor.accuracy import judge_accuracy
from monitor.compare import compare_versions
from monitor.drift import day_figures, judge_drift
from monitor.errors import MonitorError
from monitor.logs.traffic import Hour, Traffic
from monitor.profiles.profile import FileProfile, Profile
from monitor.profiles.reference import Reference, load_reference
from monitor.profiles.window import profile_window, sealed_files
from monitor.report.pinned import load_newest_pin
from monitor.report.words import add_words
from monitor.window import Window
from registry import CHAMPION, CommonSettings, RegistryError, VersionStore, printable
from registry.detectable_shift import ALPHA, EFFECT

FORMAT = 1
REPORTS, PROFILES = "reports", "profiles"  # folders in that of the logs, and in the first
Against = Literal["training", "pinned"]
_MOST = 20  # refusals and reasons that are named
_LONGEST = 1000  # characters of a text
_FILLED = timedelta(days=31)  # in a window up to this length, hours without a request have their place


@dataclass(frozen=True, slots=True)
class Built:
    """A report, and the rows that it is about."""

    report: dict[str, Any]
    answered: Profile
    reference: Reference


def build(settings: CommonSettings, window: Window, *, against: Against = "training", alpha: float = ALPHA) -> Built:
    """Return the report on a window, ready for a JSON writer, with the rows that it is about.

    Args:
        against: what the window is compared with: the champion's training rows, or the newest pinned window.
        alpha: the chance of a false alarm.

    Raises:
        MonitorError: if there are no logs, or nothing to compare them with.
        RegistryError: if there is no champion, or it can't be used.
    """
    store, logs = settings.store(), settings.log_folder
    champion = store.number_of(CHAMPION)
    _require_logs(logs)
    signature, reports = store.signature(champion), logs / REPORTS
    pinned = against == "pinned"
    reference = load_newest_pin(store, reports, champion) if pinned else load_reference(store, champion)
    cache = reports / PROFILES
    profile = profile_window(logs, reference, window, cache, sealed_files(store))
    answered, requests = profile.total.answered(reference), profile.traffic.total
    drift = judge_drift(
        answered,
        reference,
        alpha=alpha,
        effect=_effect(store, champion),
        signature=signature,
        refused=(requests.refused, requests.requests),
    )
    accuracy, joined = judge_accuracy(logs, window, store, reference, answered, cache)
    sections = {
        "format": FORMAT,
        "model": settings.model,
        "title": signature.title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "champion": champion,
        "window": {
            "since": window.since.isoformat(timespec="seconds"),
            "until": window.until.isoformat(timespec="seconds"),
            "rows": answered.rows,
            "requests": answered.requests,
        },
        "against": {
            "source": reference.source,
            "version": reference.version,
            "rows": len(reference.rows),
            "sha256": reference.digest,
        },
        "faults": list(dict.fromkeys([*profile.faults, *joined.faults])),
        "traffic": _traffic(profile.traffic, profile.total, window),
        "drift": {**asdict(drift), "days": list(_days(profile.days, reference))},
        "accuracy": accuracy,
        "comparisons": compare_versions(logs, window, champion, profile.total.groups, joined.rows, cache=cache),
    }
    return Built(add_words(finite(sections)), answered, reference)


def to_json(report: dict[str, Any]) -> str:
    """Return a report as JSON, one line."""
    return json.dumps(report, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: numpy's numbers are Python's, and what is not finite is None.

    Texts of clients are as a terminal and a page can show them: without control characters, and not for ever long.
    """
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return printable(value[:_LONGEST])
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _require_logs(logs: Path) -> None:
    try:
        with os.scandir(logs) as entries:
            if any(entry.name.endswith(".csv") for entry in entries):
                return
    except FileNotFoundError:
        pass
    except OSError as error:
        raise MonitorError(f"{logs}: can't be read ({error.strerror}); run this as the user of the service") from error
    raise MonitorError(f"{logs}: has no logs yet; the service writes them here as soon as it is asked (SERVE_LOGS)")


def _effect(store: VersionStore, champion: int) -> float:
    """Return the shift that matters, as the version's spec has it."""
    try:
        return float(store.card(champion)["monitor"]["effect"])
    except (RegistryError, KeyError, TypeError, ValueError):
        return EFFECT


def _traffic(traffic: Traffic, total: FileProfile, window: Window) -> dict[str, Any]:
    hours = traffic.total
    return {
        "requests": hours.requests,
        "answers": hours.answers,
        "errors": hours.errors,
        "refused": hours.refused,
        "partial": traffic.partial,
        "latency_ms": {"median": hours.latency(0.5), "p99": hours.latency(0.99)},
        "series": [_hour(name, traffic.hours.get(name, Hour())) for name in _names(traffic, window)],
        "versions": [
            {
                "version": version,
                "role": role,
                "rows": profile.rows,
                "requests": profile.requests,
                "outside_training": int(profile.outside.sum()),
                "other": int(profile.other.sum()),
                "implausible": profile.implausible,
                "fallback": profile.fallback,
            }
            for (version, role), profile in total.groups.items()
        ],
        "refusals": [{"input": name, "requests": count} for name, count in traffic.refusals.most_common(_MOST)],
        "reasons": [{"error": text, "requests": count} for text, count in traffic.reasons.most_common(_MOST)],
    }


def _hour(name: str, hour: Hour) -> dict[str, Any]:
    counts = {"requests": hour.requests, "answers": hour.answers, "refused": hour.refused, "errors": hour.errors}
    return {"time": name, **counts, "median_ms": hour.latency(0.5), "p99_ms": hour.latency(0.99)}


def _names(traffic: Traffic, window: Window) -> Iterator[str]:
    """Yield the hours of the window in order, those without a request too."""
    if not traffic.hours:
        return
    first = window.since
    if window.until - first > _FILLED:
        first = max(first, datetime.fromisoformat(f"{min(traffic.hours)}:00+00:00"))
    hour = first.replace(minute=0, second=0, microsecond=0)
    while hour < window.until:
        yield f"{hour:%Y-%m-%dT%H}"
        hour += timedelta(hours=1)


def _days(days: dict[str, FileProfile], reference: Reference) -> Iterator[dict[str, Any]]:
    for day, profile in days.items():
        answered = profile.answered(reference)
        yield {"day": day, "rows": answered.rows, "columns": day_figures(answered, reference)}
