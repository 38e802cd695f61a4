"""The audit log: a request's rows belong to the day on which it arrived."""

from __future__ import annotations

from datetime import UTC, datetime

from journal import LogReader, daily_files
from tests.app.conftest import MakeClient
from tests.app.requests import ask


def test_a_request_that_began_before_midnight_is_logged_on_its_day(make_client: MakeClient) -> None:
    times = [datetime(2026, 11, 23, 23, 59, 59, 999_999, UTC), datetime(2026, 11, 24, tzinfo=UTC)]
    client = make_client(now=lambda: times.pop(0))
    ask(client)
    ask(client)
    for stream in ("requests", "predictions"):
        files = daily_files(client.settings.log_folder, stream)
        assert [path.stem[-10:] for path in files] == ["2026-11-23", "2026-11-24"]
        rows = [row["time"] for path in files for row in LogReader(path)]
        assert rows == ["2026-11-23T23:59:59.999999Z", "2026-11-24T00:00:00.000000Z"]
