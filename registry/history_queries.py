"""Queries over the history: what a version was published as, who held an alias, the canary's share.

Pure functions of entries; reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence

from registry.history_line import ADOPT, CANARY, PROMOTE, PUBLISH, RETIRE, ROLLBACK, Entry


def alias_changes(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that state the aliases; seals of log files do not."""
    return [entry for entry in entries if "aliases" in entry.content]


def last_alias_changes(entries: Sequence[Entry]) -> tuple[Entry, Entry]:
    """Return the last entry that states the aliases, after the one before it. Before the first there are no aliases."""
    none = Entry(0, "", {"action": "", "aliases": {}})
    before, last = [none, none, *alias_changes(entries)][-2:]
    return before, last


def published_digests(entries: Sequence[Entry]) -> dict[int, str]:
    """Return the SHA-256 of each version as it was first published or adopted; no later entry can change it."""
    digests: dict[int, str] = {}
    for entry in entries:
        if entry.content["action"] in (PUBLISH, ADOPT):
            digests.setdefault(entry.content["version"], entry.content["sha256"])
    return digests


def canary_share(entries: Sequence[Entry], number: int) -> tuple[float, str]:
    """Return a canary's share of the requests, 0 to 1, and the digest of the entry that set it; else 0 and ""."""
    for entry in reversed(entries):
        if entry.content["action"] == CANARY and entry.content["version"] == number:
            return float(entry.content["share"]), entry.digest
    return 0.0, ""


def held_since(entries: Sequence[Entry], alias: str, number: int) -> str:
    """Return when a version got the alias that it has now, in ISO 8601; empty if it does not have it."""
    since = ""
    for entry in reversed(alias_changes(entries)):
        if entry.content["aliases"].get(alias) != number:
            break
        since = entry.content["time"]
    return since


def former_holders(entries: Sequence[Entry], alias: str) -> list[int]:
    """Return the versions that held an alias before the present one, the latest first.

    Versions that were rolled back from are left out.
    """
    holders: list[int] = []
    for entry in alias_changes(entries):
        change = entry.content
        number = change["aliases"].get(alias)
        if number is None or number == (holders[-1] if holders else None):
            continue
        if change["action"] == ROLLBACK and number in holders:
            while holders[-1] != number:
                holders.pop()
        else:
            holders.append(number)
    return [number for number in holders[-2::-1] if number != holders[-1]]


def retired_versions(entries: Sequence[Entry]) -> set[int]:
    """Return the versions that were taken out of service."""
    return {entry.content["version"] for entry in entries if entry.content["action"] == RETIRE}


def approvers(entries: Sequence[Entry], number: int, alias: str) -> set[str]:
    """Return who promoted a version to an alias."""
    return {
        entry.content["by"]
        for entry in entries
        if entry.content["action"] == PROMOTE and (entry.content["version"], entry.content["alias"]) == (number, alias)
    }
