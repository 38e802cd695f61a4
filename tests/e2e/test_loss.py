"""The first promise: no prediction leaves without its rows, whatever is killed, full or broken, and at any hour."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.check import count_rows
from journal import EXPLANATIONS, LogReader, daily_files
from tests.campaigns.storms import STORMS
from tests.conftest import HOUSES, HOUSES_INTERVAL, publish
from tests.e2e.load import assert_each_answer_is_logged_once, load
from tests.e2e.server import SERVERS, Server, on_each_server, serving, wait_until

EDGES = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "tests.e2e.edges:create_app()")

SECONDS = 3.0  # that a storm lasts here; `python -m tests.campaigns` lets it last a minute


def torn_rows(server: Server) -> int:
    streams = ("requests", "predictions")
    readers = [LogReader(path) for stream in streams for path in daily_files(server.logs / "boston", stream)]
    assert all(list(reader) for reader in readers)
    return sum(reader.torn for reader in readers)


# The others are about system calls of the journal, which both servers make alike.
OF_PROCESSES = ("workers and master killed", "workers stopped, service restarted", "killed in the middle of a write")


@pytest.mark.usefixtures("software")
@pytest.mark.parametrize(
    ("software", "name"),
    [(software, name) for software in SERVERS for name in (STORMS if software == "gunicorn" else OF_PROCESSES)],
    indirect=["software"],
)
def test_after_a_storm_the_log_has_what_was_answered_and_nothing_else(name: str, tmp_path: Path) -> None:
    if shutil.which("cc") is None and "stopped" not in name and "master" not in name:
        pytest.skip("NOT TESTED: system calls that fail, because there is no C compiler (cc)")
    for seconds in (SECONDS, 5 * SECONDS):  # a busy machine may start no server in the shorter time
        (folder := tmp_path / str(seconds)).mkdir()
        tally = STORMS[name](folder, seconds)
        assert (tally.lost, tally.doubled, tally.false, tally.unknown) == (0, 0, 0, 0), tally
        assert tally.statuses.keys() <= {200, 503}
        if tally.faults > 1 and tally.statuses[200] > 500:
            return
    pytest.fail(f"the storm was too weak: {tally}")


@on_each_server
def test_no_interval_or_explanation_is_lost_when_workers_are_killed(tmp_path: Path) -> None:
    publish(tmp_path / "models", replace(HOUSES, interval=HOUSES_INTERVAL))
    chance = random.Random(22)
    with serving(tmp_path / "models") as server:
        with load(server.port, query="?interval=0.9&explain=1") as replies:
            for _ in range(6):
                server.wait_for_requests(20)
                for pid in chance.sample(server.wait_for_workers(4), 2):
                    os.kill(pid, signal.SIGKILL)
        assert_each_answer_is_logged_once(server, replies)
        answers = replies.predictions
        flags = {row["request_id"]: row["flags"].split() for row in server.rows("predictions")}
        explanations = {row["request_id"]: row for row in server.rows(EXPLANATIONS)}
    for request_id, number in answers.items():
        *_, interval, explained = flags[request_id]
        low, high = map(float, interval.removeprefix("interval:0.9:").split(":"))
        assert (low < number < high, explained) == (True, "explained")
        row = explanations[request_id]
        total = sum(float(row[name]) for name in row if name == "base" or name.startswith("contribution_"))
        assert total == pytest.approx(number, abs=1e-4)
    days = list(count_rows(tmp_path / "logs/boston"))
    assert [(day.lost, day.lost_explanations) for day in days] == [(0, 0)] * len(days)


@on_each_server
def test_no_row_is_lost_or_misplaced_when_the_day_changes_under_load(models: Path, tmp_path: Path) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    midnight = noon + timedelta(hours=12)
    days = [str(noon.date()), str(midnight.date())]

    def set_clock(time: datetime) -> None:
        (tmp_path / "prepared").write_text(str((time - datetime.now(UTC)).total_seconds()))
        (tmp_path / "prepared").rename(tmp_path / "offset")

    set_clock(noon)
    with serving(models, command=EDGES, EDGE_OFFSET=str(tmp_path / "offset")) as server:
        folder = server.logs / "boston"
        with load(server.port) as replies:
            server.wait_for_requests(200)
            set_clock(midnight - timedelta(seconds=1))
            wait_until(lambda: len(daily_files(folder, "predictions")) == 2, "the new day's file")
            new_file = daily_files(folder, "predictions")[1]
            size = new_file.stat().st_size
            wait_until(lambda: new_file.stat().st_size > size + 100_000, "rows on the new day")
        assert (replies.statuses, replies.broken) == ({200}, [])
        assert_each_answer_is_logged_once(server, replies)
        for stream in ("requests", "predictions"):
            files = daily_files(folder, stream)
            assert [path.stem[-10:] for path in files] == days
            for path, day in zip(files, days, strict=True):
                rows = list(LogReader(path))
                assert {row["time"][:10] for row in rows} == {day}
                assert len(rows) > 100
        assert torn_rows(server) == 0


@pytest.mark.parametrize("code", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_for_a_while_costs_503_and_no_row(models: Path, tmp_path: Path, code: str) -> None:
    fault = tmp_path / "fault"
    with serving(models, command=EDGES, EDGE_FAULT=str(fault)) as server:
        with load(server.port) as replies:
            server.wait_for_requests(200)
            (tmp_path / "prepared").write_text(code)
            (tmp_path / "prepared").rename(fault)
            wait_until(lambda: not server.ready(), "a server that says it is not ready")
            status, reply = server.ask()
            assert status == 503
            assert "prediction" not in reply
            time.sleep(0.5)  # some load has to meet the fault
            fault.unlink()
            wait_until(server.ready, "a server that recovered by itself")
            server.wait_for_requests(200)
        assert (replies.statuses, replies.broken) == ({200, 503}, [])
        assert_each_answer_is_logged_once(server, replies)
        assert torn_rows(server) == 0


def test_rows_of_requests_that_got_503_because_a_sync_failed_do_not_count(models: Path, tmp_path: Path) -> None:
    fault = tmp_path / "fault"
    with serving(models, command=EDGES, EDGE_SYNC_FAULT=str(fault), SERVE_DURABILITY="fsync") as server:
        with load(server.port) as replies:
            server.wait_for_requests(200)
            fault.touch()
            server.wait_for_requests(200)
            fault.unlink()
            server.wait_for_requests(200)
        assert (replies.statuses, replies.broken) == ({200, 503}, [])
        assert_each_answer_is_logged_once(server, replies)


@on_each_server
def test_a_disk_that_is_really_full_costs_503_and_no_row(models: Path, small_disk: Path) -> None:
    with serving(models, small_disk / "logs") as server:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        with load(server.port) as replies:
            wait_until(lambda: server.ask()[0] == 503, "a full disk")
            wait_until(lambda: not server.ready(), "a server that says it is not ready")
            time.sleep(0.3)  # some load has to meet the full disk
            ballast.unlink()
            wait_until(lambda: server.ask(X_Request_ID="room-again")[0] == 200, "a server that recovered by itself")
        assert (replies.statuses, replies.broken) == ({200, 503}, [])
        assert_each_answer_is_logged_once(server, replies)
        assert torn_rows(server) == 0
        assert server.rows("requests", "room-again")
