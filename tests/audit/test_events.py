"""The history as events, and the periods of aliases."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit.events import AliasPeriod, Event, alias_periods
from registry.history import Entry


def event(line: int, action: str, aliases: dict[str, int] | None = None, **content: Any) -> Event:
    said = {"time": f"day {line}", "action": action, "by": "ann", **content}
    return Event.from_entry(Entry(line, "digest", {**said, **({} if aliases is None else {"aliases": aliases})}))


def test_a_period_lasts_from_the_line_that_gives_an_alias_to_the_one_that_gives_it_to_another_version() -> None:
    events = [
        event(1, "publish", {"champion": 1}),
        event(2, "seal"),
        event(3, "promote", {"champion": 2, "fallback": 1}),
        event(4, "rollback", {"champion": 1}),
    ]
    assert alias_periods(events) == [
        AliasPeriod("champion", 1, None, "day 1", "day 3", 1, 3),
        AliasPeriod("champion", 2, None, "day 3", "day 4", 3, 4),
        AliasPeriod("champion", 1, None, "day 4", None, 4, None),
        AliasPeriod("fallback", 1, None, "day 3", "day 4", 3, 4),
    ]


def test_another_share_of_the_same_canary_is_another_period() -> None:
    events = [
        event(1, "canary", {"champion": 1, "canary": 2}, share=0.05),
        event(2, "promote", {"champion": 1, "canary": 2, "fallback": 3}),
        event(3, "canary", {"champion": 1, "canary": 2, "fallback": 3}, share=0.2),
        event(4, "clear", {"champion": 1, "fallback": 3}),
    ]
    canaries = [period for period in alias_periods(events) if period.alias == "canary"]
    assert [(period.share, period.since, period.until) for period in canaries] == [
        (0.05, "day 1", "day 3"),
        (0.2, "day 3", "day 4"),
    ]


@pytest.mark.parametrize("missing", ["time", "action", "by"])
def test_a_line_must_say_when_what_was_done_by_whom(missing: str) -> None:
    content = {"time": "now", "action": "seal", "by": "ann"}
    for damaged in ({name: value for name, value in content.items() if name != missing}, {**content, missing: 1}):
        with pytest.raises(ValueError, match="expected the texts time, action and by"):
            Event.from_entry(Entry(1, "digest", damaged))


def test_a_value_of_another_type_counts_as_missing() -> None:
    damaged = event(1, "canary", version="2", share=math.nan, gates=[1, {"held": "yes"}], reason=[], override=1)
    assert (damaged.version, damaged.share, damaged.reason, damaged.override) == (None, None, "", False)
    assert [(gate.name, gate.passed) for gate in damaged.gates] == [("?", False)]
    assert event(1, "publish", {"champion": "1", "fallback": True}).aliases == {}  # type: ignore[dict-item]
