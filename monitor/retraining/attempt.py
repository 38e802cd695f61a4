"""The attempt: one retraining, from the data set to the champion, as the history tells it.

Each step is a line with the action "retrain". Where an attempt stands is read from the history alone, so a process that
was killed leaves nothing half done: the next one publishes no second version, and goes on with the one that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import LogReader, daily_files, day_of
from registry import CHAMPION, SHADOW, VersionStore
from registry.history_line import PROMOTE, RETRAIN, Entry
from registry.history_line import SHADOW as SHADOWED
from registry.history_queries import published_digests

DECIDED, BUILT, PASSED, REFUSED = "decided", "dataset", "passed", "refused"  # the steps
_NO_NUMBERS = ("nan", "inf", "-inf")
MIN_SHADOWED = 1000  # rows that a challenger must have seen before it may become champion


@dataclass(frozen=True, slots=True)
class Challenger:
    """A version of a retraining that passed its gates and was published.

    Attributes:
        number: of the version.
        line: the history's line that says that it passed.
        was_shadowed: whether it has been made shadow since.
    """

    number: int
    line: Entry
    was_shadowed: bool


def record(store: VersionStore, step: str, by: str, reason: str = "", **details: Any) -> None:
    """Append a step to the history.

    Raises:
        RegistryError: if it can't be written.
    """
    content = {"action": RETRAIN, "by": by, **({"reason": reason} if reason else {}), "step": step, **details}
    with store.aliases.write_lock():
        store.history.append(content)


def steps(store: VersionStore, step: str) -> list[Entry]:
    """Return the lines of a step, oldest first."""
    entries = store.history.entries()
    return [entry for entry in entries if entry.content["action"] == RETRAIN and entry.content["step"] == step]


def why_not_again(store: VersionStore, facts: Mapping[str, Any], trained_with: str) -> str:
    """Return why a training would end as an earlier one did; empty if it may not.

    Args:
        facts: what the steps of the attempt would say of it: the champion, and SHA-256 of what it would learn from.
        trained_with: the SHA-256 of the champion's own data set.
    """
    if facts["dataset_sha256"] == trained_with:
        return f"version {facts['champion']} was trained with the same data set"
    refused = [line.content for line in steps(store, REFUSED) if facts.items() <= line.content.items()]
    return f"on {refused[-1]['time'][:10]}, a gate failed with the same data set" if refused else ""


def open_challenger(store: VersionStore) -> Challenger | None:
    """Return the version of the last attempt, if it may still become champion; None if there is none.

    It may not if another version became champion since, or somebody ended its shadow or gave that to another version.
    """
    entries, (aliases, _) = store.history.entries(), store.aliases.in_use()
    for line in steps(store, PASSED)[-1:]:
        numbers = [number for number, sha256 in published_digests(entries).items() if sha256 == line.content["sha256"]]
        if not numbers or line.content["champion"] != aliases.get(CHAMPION) or numbers[-1] not in store.versions():
            return None
        after = [entry.content for entry in entries if entry.number > line.number]
        was_shadowed = any(content["action"] == SHADOWED and content["version"] == numbers[-1] for content in after)
        was_champion = any(content["action"] == PROMOTE and content.get("alias") == CHAMPION for content in after)
        if not was_champion and (not was_shadowed or aliases.get(SHADOW) == numbers[-1]):
            return Challenger(numbers[-1], line, was_shadowed)
    return None


def shadowed_rows(logs: Path, challenger: Challenger) -> int:
    """Return how many rows a challenger has predicted as shadow; what is no number does not count."""
    first_day = challenger.line.content["time"][:10]
    return sum(
        row["version"] == str(challenger.number) and row["role"] == SHADOW and row["prediction"] not in _NO_NUMBERS
        for path in daily_files(logs, "predictions")
        if day_of(path) >= first_day
        for row in LogReader(path, containing=f",{challenger.number},{SHADOW},")
    )
