"""The periods of aliases, from the history as events."""

from __future__ import annotations

from typing import Any

from audit.timeline import alias_periods, read_event
from registry.history_line import Entry


def line(number: int, action: str, aliases: dict[str, int] | None = None, **content: Any) -> dict[str, Any]:
    complete = {"time": f"day {number}", "action": action, "by": "ann", **content}
    return read_event(Entry(number, "digest", complete if aliases is None else {**complete, "aliases": aliases}))


def periods(*events: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(period.values()) for period in alias_periods(events)]


def test_a_period_lasts_from_the_line_that_gives_an_alias_to_the_one_that_gives_it_to_another_version() -> None:
    assert periods(
        line(1, "publish", {"champion": 1}),
        line(2, "seal"),
        line(3, "promote", {"champion": 2, "fallback": 1}),
        line(4, "rollback", {"champion": 1}),
    ) == [
        ("champion", 1, None, "day 1", "day 3", 1, 3),
        ("champion", 2, None, "day 3", "day 4", 3, 4),
        ("champion", 1, None, "day 4", None, 4, None),
        ("fallback", 1, None, "day 3", "day 4", 3, 4),
    ]


def test_another_share_of_the_same_canary_is_another_period() -> None:
    assert periods(
        line(1, "canary", {"canary": 2}, share=0.05),
        line(2, "promote", {"canary": 2, "fallback": 3}),
        line(3, "canary", {"canary": 2, "fallback": 3}, share=0.2),
        line(4, "clear", {"fallback": 3}),
    )[:2] == [
        ("canary", 2, 0.05, "day 1", "day 3", 1, 3),
        ("canary", 2, 0.2, "day 3", "day 4", 3, 4),
    ]
