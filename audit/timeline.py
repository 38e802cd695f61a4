"""The timeline: the history as events, and which version held which alias from when to when. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.tolerant_reader import pick
from registry.aliases import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW
from registry.history_line import MEMBERS, Entry

_ALIAS_ORDER = (CHAMPION, CANARY, SHADOW, CHALLENGER, FALLBACK)


def read_event(entry: Entry) -> dict[str, Any]:
    """Return a line of history for the report: its number, its SHA-256, and its members; None for one it lacks.

    ``aliases`` has the version of each alias after it; None if it changes none. ``gates`` were measured at a promotion.
    """
    return {
        "line": entry.number,
        "line_sha256": entry.digest,
        **{name: entry.content.get(name) for name in MEMBERS},
        "reason": entry.content.get("reason", ""),
        "share": pick(entry.content, float, "share"),
        "override": entry.content.get("override", False),
        "gates": [
            {
                "name": pick(gate, str, "name") or "?",
                "passed": pick(gate, bool, "held") is True,
                "detail": pick(gate, str, "detail") or "",
            }
            for gate in entry.content.get("gates", [])
        ],
    }


def alias_periods(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return who held each alias from when to when: champion first, and each alias in the order of time.

    ``share`` is the canary's. ``given`` and ``taken`` are the numbers of the lines that did so. ``until`` and ``taken``
    are None if the version has the alias still.
    """
    periods: list[dict[str, Any]] = []
    current: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["aliases"] is None:
            continue
        for alias, period in list(current.items()):
            new_share = alias == event["action"] == CANARY and event["share"] != period["share"]
            if event["aliases"].get(alias) != period["version"] or new_share:
                current.pop(alias).update(until=event["time"], taken=event["line"])
        for alias in event["aliases"].keys() - current.keys():
            current[alias] = {
                "alias": alias,
                "version": event["aliases"][alias],
                "share": event["share"] if alias == CANARY else None,
                "since": event["time"],
                "until": None,
                "given": event["line"],
                "taken": None,
            }
            periods.append(current[alias])
    return sorted(periods, key=lambda period: (_rank(period["alias"]), period["alias"], period["given"]))


def _rank(alias: str) -> int:
    return _ALIAS_ORDER.index(alias) if alias in _ALIAS_ORDER else len(_ALIAS_ORDER)
