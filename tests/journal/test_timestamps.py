"""Times as the logs have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.timestamps import timestamp, timestamp_of


@given(st.timedeltas(timedelta(days=-719_000), timedelta(days=2_900_000)))
def test_a_time_reads_back_to_the_microsecond(since_1970: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since_1970
    assert len(timestamp(moment)) == len("2026-11-23T18:42:01.000005Z")
    assert datetime.fromisoformat(timestamp(moment)) == moment


@given(st.floats(-1e9, 5e9))
def test_seconds_since_the_epoch_are_the_same_time_as_that_of_a_datetime(seconds: float) -> None:
    assert timestamp_of(seconds) == timestamp(datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-0.000001, "1969-12-31T23:59:59.999999Z"),
        (1_790_419_803.7186246, "2026-09-26T10:50:03.718625Z"),
        (1_764_288_000.9999996, "2025-11-28T00:00:01.000000Z"),
    ],
)
def test_seconds_since_the_epoch_are_rounded_to_microseconds(seconds: float, written: str) -> None:
    assert timestamp_of(seconds) == written


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2026-11-23T23:30:00.000000Z"
