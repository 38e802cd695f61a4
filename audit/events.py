"""The history as events, and which version held which alias from when to when. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.json_values import integer, items, mapping, number, text
from registry.aliases import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW
from registry.history import Entry

_ALIAS_ORDER = (CHAMPION, CANARY, SHADOW, CHALLENGER, FALLBACK)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as it was measured at a promotion."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history. What the line does not say is None, empty or False.

    Attributes:
        line: its number, from 1 on.
        line_sha256: its SHA-256.
        share: of the requests that a canary answers, 0 to 1.
        file, rows, sha256: of a log file that was sealed; ``sha256`` also of a version that was published.
        aliases: which version each alias names after it; None if the line changes no alias.
    """

    line: int
    line_sha256: str
    time: str
    action: str
    by: str
    reason: str
    version: int | None
    alias: str | None
    share: float | None
    override: bool
    gates: tuple[Gate, ...]
    file: str | None
    rows: int | None
    sha256: str | None
    aliases: Mapping[str, int] | None

    @classmethod
    def from_entry(cls, entry: Entry) -> Event:
        """Read a line of history.

        Raises:
            ValueError: if it does not say when what was done by whom.
        """
        content = entry.content
        time, action, by = (text(content, name) for name in ("time", "action", "by"))
        if time is None or action is None or by is None:
            raise ValueError("expected the texts time, action and by")
        aliases = {name: version for name, version in mapping(content, "aliases").items() if type(version) is int}
        gates = [
            Gate(text(gate, "name") or "?", gate.get("held") is True, text(gate, "detail") or "")
            for gate in items(content, "gates")
            if isinstance(gate, Mapping)
        ]
        return cls(
            line=entry.number,
            line_sha256=entry.digest,
            time=time,
            action=action,
            by=by,
            reason=text(content, "reason") or "",
            version=integer(content, "version"),
            alias=text(content, "alias"),
            share=number(content, "share"),
            override=content.get("override") is True,
            gates=tuple(gates),
            file=text(content, "file"),
            rows=integer(content, "rows"),
            sha256=text(content, "sha256"),
            aliases=aliases if "aliases" in content else None,
        )


@dataclass(frozen=True, slots=True)
class AliasPeriod:
    """A time in which one version held an alias.

    Attributes:
        share: of the requests, 0 to 1, if the alias is canary.
        since, until: when it got the alias and lost it; None if it holds it still.
        given, taken: the lines of history that did so, by their numbers.
    """

    alias: str
    version: int
    share: float | None
    since: str
    until: str | None
    given: int
    taken: int | None


def alias_periods(events: Iterable[Event]) -> list[AliasPeriod]:
    """Return who held each alias from when to when: champion first, and each alias in the order of time."""
    periods: list[AliasPeriod] = []
    current: dict[str, tuple[int, float | None, Event]] = {}

    def close(alias: str, end: Event | None) -> None:
        version, share, start = current.pop(alias)
        until, taken = (end.time, end.line) if end else (None, None)
        periods.append(AliasPeriod(alias, version, share, start.time, until, start.line, taken))

    for event in events:
        if event.aliases is None:
            continue
        for alias, (version, share, _) in list(current.items()):
            new_share = alias == CANARY and event.action == CANARY and event.share != share
            if event.aliases.get(alias) != version or new_share:
                close(alias, event)
        for alias, version in event.aliases.items():
            if alias not in current:
                current[alias] = (version, event.share if alias == CANARY else None, event)
    for alias in list(current):
        close(alias, None)
    return sorted(periods, key=lambda period: (_rank(period.alias), period.alias, period.given))


def _rank(alias: str) -> int:
    return _ALIAS_ORDER.index(alias) if alias in _ALIAS_ORDER else len(_ALIAS_ORDER)
