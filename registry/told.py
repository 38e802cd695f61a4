"""What the lines of a history tell: which version was published as what, who was champion, which share a canary has.

Pure functions of lines. Knows no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.history import Line

CHAMPION, CHALLENGER, FALLBACK, CANARY, SHADOW = "champion", "challenger", "fallback", "canary", "shadow"
PUBLISH, ADOPT, PROMOTE, ROLLBACK, RETIRE = "publish", "adopt", "promote", "rollback", "retire"
BEGINNINGS = (PUBLISH, ADOPT)


def changes(lines: Sequence[Line]) -> list[Mapping[str, Any]]:
    """The lines that tell what the aliases are after them; others are of seals."""
    return [line.content for line in lines if "aliases" in line.content]


def published(lines: Sequence[Line]) -> dict[int, str]:
    """The digest of each version as it came here: no later line changes what a version is."""
    found: dict[int, str] = {}
    for line in lines:
        if line.content["action"] in BEGINNINGS:
            found.setdefault(line.content["version"], line.content["sha256"])
    return found


def share(lines: Sequence[Line], number: int) -> tuple[float, str]:
    """The share of requests, 0 to 1, that a version got as a canary, and the digest of the line that gave it."""
    for line in reversed(lines):
        if line.content["action"] == CANARY and line.content["version"] == number:
            return float(line.content["share"]), line.digest
    return 0.0, ""


def former_champions(lines: Sequence[Line]) -> list[int]:
    """Who was champion before the present one, the last first. Who was rolled back from is not among them."""
    champions: list[int] = []
    for change in changes(lines):
        number = change["aliases"].get(CHAMPION)
        if number is None or number == (champions[-1] if champions else None):
            continue
        if change["action"] == ROLLBACK and number in champions:
            while champions[-1] != number:
                champions.pop()
        else:
            champions.append(number)
    return [number for number in champions[-2::-1] if number != champions[-1]]


def retired(lines: Sequence[Line]) -> set[int]:
    """The versions that were taken out of service."""
    return {line.content["version"] for line in lines if line.content["action"] == RETIRE}


def signers(lines: Sequence[Line], number: int) -> set[str]:
    """Who made a version champion, by a promotion."""
    return {
        line.content["by"]
        for line in lines
        if line.content["action"] == PROMOTE and (line.content["version"], line.content["alias"]) == (number, CHAMPION)
    }
