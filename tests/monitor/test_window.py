"""Windows of time, as the commands' --since says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import MonitorError
from monitor.window import Window, parse_since

NOW = datetime(2026, 11, 26, 10, 30, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("7d", datetime(2026, 11, 19, tzinfo=UTC)),
        ("1d", datetime(2026, 11, 25, tzinfo=UTC)),
        ("24h", NOW - timedelta(hours=24)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T12:30", datetime(2026, 11, 20, 12, 30, tzinfo=UTC)),
        ("2026-11-20T12:30+02:00", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_window_begins(text: str, since: datetime) -> None:
    assert parse_since(text, NOW) == since
    assert Window.ending(NOW, text) == Window(since, NOW)


@pytest.mark.parametrize("text", ["", "7", "0d", "-1d", "7w", "yesterday", "2026-13-01", "٣d", "99999999d", "1d "])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(MonitorError, match="expected a time like 7d, 24h, 30m or 2026-11-20"):
        parse_since(text, NOW)


def test_the_future_is_no_window() -> None:
    with pytest.raises(MonitorError, match="--since 2027-01-01: expected a time in the past"):
        parse_since("2027-01-01", NOW)


def test_a_window_of_all_time_begins_with_the_first_day() -> None:
    assert parse_since("99999d", NOW).year == 1753
    assert parse_since("99999h", NOW) == NOW - timedelta(hours=99999)


def test_a_window_knows_its_days_and_which_are_whole() -> None:
    window = Window.ending(NOW, "2d")
    assert window.days() == ["2026-11-24", "2026-11-25", "2026-11-26"]
    assert [window.holds(day) for day in window.days()] == [True, True, False]
    exact = Window(NOW - timedelta(days=1), NOW.replace(hour=0, minute=0, second=0, microsecond=0))
    assert exact.days() == ["2026-11-25"]
    assert not exact.holds("2026-11-25")
