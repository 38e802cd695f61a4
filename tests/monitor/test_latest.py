"""monitor/latest.py: the reports that the service shows, and the last one of a day."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.endpoints.report_files import ReportFiles
from app.settings import Settings
from monitor.latest import update
from tests.e2e.server import run

CANNOT_JUDGE = 30


@pytest.fixture
def reports(settings: Settings, client: FlaskClient) -> Path:
    """The folder of the reports, with a few rows in the logs beside it."""
    for rooms in (5, 6, 7):
        assert client.post("/predict_json", json=[rooms, 250, 66.5]).status_code == 200
    return settings.log_folder / "reports"


def test_the_service_finds_the_report_of_the_day_and_the_alert(
    settings: Settings, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    assert update(settings, now) == CANNOT_JUDGE
    files = ReportFiles(reports)
    newest, alert = files.newest(), files.alert()
    assert newest is not None
    assert alert is not None
    assert (newest["verdict"], newest["window"]["rows"]) == ("cannot_judge", 3)
    assert newest["window"]["since"] == f"{now.date() - timedelta(days=7)}T00:00:00+00:00"
    assert datetime.fromisoformat(alert["window"]["since"]) == (now - timedelta(days=1)).replace(microsecond=0)
    assert (newest["drift"]["alpha"], alert["drift"]["alpha"]) == (0.01, 0.0001)
    assert files.html(str(now.date())) is not None
    assert capsys.readouterr().out == f"The last 7 days: {newest['headline']}.\n"


def test_a_day_that_is_over_gets_the_report_of_its_last_moment(settings: Settings, reports: Path) -> None:
    today = datetime.now(UTC).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), UTC)
    update(settings, midnight - timedelta(minutes=30))
    (reports / "report-9998-01-01.json").write_text("by a clock that was wrong")
    for _ in range(2):
        update(settings, midnight + timedelta(minutes=30))
        days = [json.loads(path.read_bytes()) for path in sorted(reports.glob("report-2*.json"))]
        ends = [datetime.fromisoformat(day["window"]["until"]) for day in days]
        assert ends == [midnight, midnight + timedelta(minutes=30)]


@pytest.mark.parametrize("content", ["", "[]", '{"window": {"until": "noon"}}', "[" * 100_000])
def test_an_older_file_that_is_no_report_is_left_alone(settings: Settings, reports: Path, content: str) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    reports.mkdir()
    (reports / f"report-{yesterday}.json").write_text(content)
    assert update(settings, datetime.now(UTC)) == CANNOT_JUDGE
    assert (reports / f"report-{yesterday}.json").read_text() == content


def test_a_pipe_in_place_of_an_older_report_is_not_waited_for(settings: Settings, reports: Path) -> None:
    reports.mkdir()
    os.mkfifo(reports / f"report-{datetime.now(UTC).date() - timedelta(days=1)}.json")
    assert update(settings, datetime.now(UTC)) == CANNOT_JUDGE


@pytest.mark.slow
def test_without_a_champion_there_is_one_sentence_and_no_report(settings: Settings, tmp_path: Path) -> None:
    done = run("monitor", "watch", "--once", SERVE_MODELS=str(tmp_path / "none"), SERVE_LOGS=str(settings.logs))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_the_reports_from_before_stay(
    settings: Settings, reports: Path, small_disk: Path
) -> None:
    shutil.copytree(settings.logs, small_disk / "logs")
    environ = {"SERVE_MODELS": str(settings.models), "SERVE_LOGS": str(small_disk / "logs")}
    assert run("monitor", "watch", "--once", **environ).returncode == CANNOT_JUDGE
    kept = {path: path.read_bytes() for path in (small_disk / "logs/boston/reports").glob("*.json")}
    with suppress(OSError), open(small_disk / "filler", "wb") as filler:
        while True:
            filler.write(bytes(1 << 12))
            filler.flush()
    done = run("monitor", "watch", "--once", **environ)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert kept == {path: path.read_bytes() for path in kept}
