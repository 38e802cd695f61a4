"""``python -m monitor feedback``: the whole file is checked first; then it is in the log as the service writes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from journal import daily_files
from registry import current_user
from tests.app.requests import ROW
from tests.e2e.server import ROOT, environment
from tests.journal.truths import truths_in
from tests.registry.conftest import run

pytestmark = pytest.mark.slow


@pytest.fixture
def answered(client: FlaskClient, settings: Settings) -> Settings:
    """Two answered requests, with the ids a-1 and -2."""
    for request_id in ("a-1", "-2"):
        assert client.post("/predict_json", json=ROW, headers={"X-Request-ID": request_id}).status_code == 200
    return settings


def test_the_truths_of_a_file_are_recorded_and_unknown_ids_are_told(answered: Settings, tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    lines = [
        "request_id;row;actual;measured_at;source",
        "a-1;;22,5;2026-11-20;",
        "-2;0;23;;clerk",
        "b;0;24,5;;",
        "b;1;25;;",
    ]
    file.write_bytes("\r\n".join(lines).encode("utf-16"))
    done = run(answered, "monitor", "feedback", str(file), "--source", "survey")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{file}: 4 truths recorded, 0 bad lines left out\n"
        "1 of 3 request ids are in no prediction log, like b; their truths are kept, "
        "and count when such a prediction is there\n"
    )
    truths = truths_in(answered.log_folder)
    assert [(truth.request_id, truth.row, truth.actual, truth.source) for truth in truths] == [
        ("a-1", 0, 22.5, "survey"),
        ("-2", 0, 23.0, "clerk"),
        ("b", 0, 24.5, "survey"),
        ("b", 1, 25.0, "survey"),
    ]
    assert {truth.client for truth in truths} == {f"command:{current_user()}"}
    assert truths[0].measured_at == "2026-11-20T00:00:00.000000Z"
    assert run(answered, "audit", "check").returncode == 0


def test_a_bad_line_is_named_and_nothing_is_recorded_unless_it_is_skipped(answered: Settings, tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text('request_id,actual\na-1,22.5\n\n"a\n",101\n-2,1,2\n-2,23\n')
    done = run(answered, "monitor", "feedback", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{file}, line 4, column actual: expected a number from 0 to 100, as is plausible, not 101.0",
        f"{file}, line 6: has 3 columns, the header 2",
        f"{file}: 2 bad lines, 2 sound ones; nothing was recorded: "
        "correct the bad lines, or leave them out with --skip-bad",
    ]
    assert daily_files(answered.log_folder, "feedback") == []
    done = run(answered, "monitor", "feedback", str(file), "--skip-bad")
    assert (done.returncode, done.stdout) == (0, f"{file}: 2 truths recorded, 2 bad lines left out\n")
    assert [truth.request_id for truth in truths_in(answered.log_folder)] == ["a-1", "-2"]


def test_what_is_no_csv_is_refused_with_its_line_even_if_bad_lines_are_skipped(
    answered: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "truth.csv"
    file.write_text('request_id,actual\na-1,22.5\n"b,23\nc,24\n')
    done = run(answered, "monitor", "feedback", str(file), "--skip-bad")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{file}: line 3: can't be read as CSV")
    missing = run(answered, "monitor", "feedback", str(tmp_path / "nothing"))
    assert (missing.returncode, "nothing: can't be read into a temporary file (No" in missing.stderr) == (
        1,
        True,
    )
    for text in ("", "request_id,actual\n", "request_id,actual\na-1,x\n"):
        file.write_text(text)
        empty = run(answered, "monitor", "feedback", str(file), "--skip-bad")
        assert (empty.returncode, "has no line to record; expected a header" in empty.stderr) == (1, True)
    assert daily_files(answered.log_folder, "feedback") == []


def test_a_long_file_comes_from_the_standard_input_and_many_faults_are_counted(answered: Settings) -> None:
    sound = "".join(f"a-1,{number},{number % 100}\n" for number in range(20_000))
    folders = {"SERVE_MODELS": str(answered.models), "SERVE_LOGS": str(answered.logs)}

    def pipe(text: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "monitor", "feedback", "-", *words]
        environ = environment(**folders)
        return subprocess.run(command, cwd=ROOT, env=environ, input=text, capture_output=True, text=True, check=False)

    done = pipe("request_id,row,actual\n" + sound + "a-1,x,y\n" * 200, "--skip-bad")
    assert (done.returncode, done.stdout) == (0, "standard input: 20000 truths recorded, 200 bad lines left out\n")
    assert len(done.stderr.splitlines()) == 101
    assert "standard input, line 20002, column row: expected which row" in done.stderr
    assert [truth.row for truth in truths_in(answered.log_folder)] == list(range(20_000))


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: a full disk, because mounting one needs root")
def test_a_log_that_can_not_be_written_is_told_with_what_was_recorded(
    settings: Settings, small_disk: Path, tmp_path: Path
) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("request_id,actual\n" + "".join(f"a-{number},1.5\n" for number in range(20_000)))
    done = run(settings, "monitor", "feedback", str(file), SERVE_LOGS=str(small_disk))
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "0 truths were recorded before: run the command again, no truth counts twice" in done.stderr
    assert truths_in(small_disk / "boston") == []


def test_without_a_champion_nobody_knows_what_is_plausible(settings: Settings, tmp_path: Path) -> None:
    done = run(settings, "monitor", "feedback", "-", SERVE_MODEL="other")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
