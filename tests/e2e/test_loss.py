"""The first promise: no prediction leaves without its rows, whatever is killed, full or broken, and at any hour."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journal import LogReader, daily_files
from tests.conftest import publish
from tests.e2e.load import Seen, load
from tests.e2e.server import Server, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def models(tmp_path: Path) -> Path:
    publish(tmp_path / "models")
    return tmp_path / "models"


def assert_each_answer_is_logged_once(server: Server, seen: Seen) -> None:
    """Each 200 that a client saw has one request row and one prediction row, with its id and its number."""
    requests = Counter(row["request_id"] for row in server.rows("requests") if row["status"] == "200")
    predictions = server.rows("predictions")
    counts = Counter(row["request_id"] for row in predictions)
    numbers = {row["request_id"]: float(row["prediction"]) for row in predictions}
    assert seen.answers
    assert [key for key in seen.answers if requests[key] != 1] == []
    assert [key for key in seen.answers if counts[key] != 1] == []
    assert [key for key, number in seen.answers.items() if numbers[key] != number] == []
    # Nothing is there twice, answered or not; and what was logged as answered was predicted.
    assert max(requests.values()) == 1
    assert max(counts.values()) == 1
    assert requests.keys() <= counts.keys()


def torn_rows(server: Server) -> int:
    torn = 0
    for stream in ("requests", "predictions"):
        for path in daily_files(server.logs / "boston", stream):
            reading = LogReader(path)
            assert list(reading)
            torn += reading.torn
    return torn


def test_no_answered_prediction_is_lost_when_workers_and_then_the_master_are_killed(
    models: Path, tmp_path: Path
) -> None:
    chance = random.Random(20)
    with serving(models, tmp_path / "logs") as server:
        workers: list[int] = []
        with load(server.port) as seen:
            for _ in range(24):
                time.sleep(chance.uniform(0.02, 0.3))  # a kill has to come at any moment of a worker's life
                workers = wait_until(lambda: len(pids := server.workers()) == 4 and pids, "four workers")
                os.kill(chance.choice(workers), signal.SIGKILL)
            workers = wait_until(lambda: len(pids := server.workers()) == 4 and pids, "four workers")
            server.process.kill()
            server.process.wait()
            wait_until(lambda: not any(_alive(pid) for pid in workers), "workers that follow their master")
        assert len(seen.answers) > 1000
        assert_each_answer_is_logged_once(server, seen)
        assert torn_rows(server) <= 25
    with serving(models, tmp_path / "logs") as again:
        assert again.ask(X_Request_ID="after")[0] == 200
        assert torn_rows(again) <= 25
        assert again.rows("predictions")[-1]["request_id"] == "after"


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_no_row_is_lost_or_misplaced_when_the_day_changes_under_load(models: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    offset = (midnight - now).total_seconds() - 5
    edges = {"app": "tests.e2e.edges:create_app()", "EDGE_OFFSET": str(offset)}
    with serving(models, tmp_path / "logs", **edges) as server:
        folder = server.logs / "boston"
        with load(server.port) as seen:
            wait_until(lambda: len(daily_files(folder, "predictions")) == 2, "the new day's file")
            size = daily_files(folder, "predictions")[1].stat().st_size
            wait_until(
                lambda: daily_files(folder, "predictions")[1].stat().st_size > size + 100_000, "rows on the new day"
            )
        assert seen.others == []
        assert seen.broken == []
        assert_each_answer_is_logged_once(server, seen)
        for stream in ("requests", "predictions"):
            files = daily_files(folder, stream)
            assert [path.stem[-10:] for path in files] == [
                str(midnight.date() - timedelta(days=1)),
                str(midnight.date()),
            ]
            for path in files:
                rows = list(LogReader(path))
                assert {row["time"][:10] for row in rows} == {path.stem[-10:]}
                assert len(rows) > 100
        assert torn_rows(server) == 0


@pytest.mark.parametrize("code", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_for_a_while_costs_503_and_no_row(models: Path, tmp_path: Path, code: str) -> None:
    fault = tmp_path / "fault"
    edges = {"app": "tests.e2e.edges:create_app()", "EDGE_FAULT": str(fault)}
    with serving(models, tmp_path / "logs", **edges) as server:
        with load(server.port) as seen:
            wait_until(lambda: len(server.rows("requests")) > 200, "rows")
            (tmp_path / "prepared").write_text(code)
            (tmp_path / "prepared").rename(fault)
            wait_until(lambda: not server.ready(), "a server that says it is not ready")
            status, reply = server.ask()
            assert status == 503
            assert "prediction" not in reply
            time.sleep(0.5)  # some load has to meet the fault
            fault.unlink()
            wait_until(server.ready, "a server that recovered by itself")
            count = len(server.rows("requests"))
            wait_until(lambda: len(server.rows("requests")) > count + 200, "rows after the fault")
        assert {status for _, status, _ in seen.others} == {503}
        assert seen.broken == []
        assert_each_answer_is_logged_once(server, seen)
        assert torn_rows(server) == 0


def test_a_disk_that_is_really_full_costs_503_and_no_row(models: Path, tmp_path: Path, small_disk: Path) -> None:
    with serving(models, small_disk / "logs") as server:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        with load(server.port) as seen:
            wait_until(lambda: server.ask()[0] == 503, "a full disk")
            wait_until(lambda: not server.ready(), "a server that says it is not ready")
            time.sleep(0.3)  # some load has to meet the full disk
            ballast.unlink()
            wait_until(lambda: server.ask(X_Request_ID="room-again")[0] == 200, "a server that recovered by itself")
        assert {status for _, status, _ in seen.others} == {503}
        assert seen.broken == []
        assert_each_answer_is_logged_once(server, seen)
        assert torn_rows(server) == 0
        assert any(row["request_id"] == "room-again" for row in server.rows("requests"))


def test_with_fsync_each_answer_is_logged_once_too(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", SERVE_DURABILITY="fsync") as server:
        with load(server.port) as seen:
            wait_until(lambda: len(server.rows("requests")) > 300, "rows")
        assert seen.broken == []
        assert_each_answer_is_logged_once(server, seen)
