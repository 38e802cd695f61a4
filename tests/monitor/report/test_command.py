"""``report`` and ``pin`` as commands: exit codes, files, and messages for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.settings import Settings
from tests.monitor.report.conftest import WriteLogs
from tests.registry.conftest import run

pytestmark = pytest.mark.slow


def test_a_calm_window_is_reported_and_pinned_and_compared_with(
    houses: Settings, write_logs: WriteLogs, tmp_path: Path
) -> None:
    write_logs(1500, now=datetime.now(UTC))
    page, file = tmp_path / "report.html", tmp_path / "report.json"
    done = run(houses, "monitor", "report", "--html", str(page), "--json", str(file))
    assert (done.returncode, done.stdout[:6]) == (0, "Calm: "), done.stdout + done.stderr
    report = json.loads(file.read_text())
    assert report["verdict"] == "calm"
    assert report["headline"] in page.read_text()
    assert run(houses, "monitor", "pin", "--since", "7d").returncode == 64  # a reason is needed
    pinned = run(houses, "monitor", "pin", "--by", "ann", "--reason", "a calm week")
    assert (pinned.returncode, "boston: 1500 rows of this window are pinned" in pinned.stdout) == (0, True)
    assert "ann  pin, version 1, file pinned-" in run(houses, "registry", "history").stdout
    again = run(houses, "monitor", "report", "--against", "pinned", "--json", "-")
    assert json.loads(again.stdout)["against"]["source"] == "pinned"


def test_drift_is_an_exit_code_and_is_pinned_only_by_force(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(1500, shift=0.5, now=datetime.now(UTC))
    done = run(houses, "monitor", "report")
    assert (done.returncode, done.stdout[:12]) == (10, "Drift: Rooms"), done.stdout + done.stderr
    refused = run(houses, "monitor", "pin", "--reason", "so be it")
    assert (refused.returncode, "Only a calm window is pinned" in refused.stderr) == (1, True)
    forced = run(houses, "monitor", "pin", "--reason", "so be it", "--override")
    assert forced.returncode == 0, forced.stderr
    assert "OVERRIDING A GATE: so be it" in run(houses, "registry", "history").stdout


def test_what_went_wrong_is_one_sentence(houses: Settings, tmp_path: Path) -> None:
    for words, code, text in (
        (["report"], 1, "has no logs yet"),
        (["report", "--model", "other"], 1, "no version is champion yet"),
        (["report", "--model", "../x"], 64, "expected the name of a folder"),
        (["report", "--since", "soon"], 64, "--since 'soon': expected a time like 7d"),
        (["report", "--against", "nothing"], 64, "invalid choice"),
        (["pin", "--reason", " "], 64, "--by and --reason: expected"),
    ):
        done = run(houses, "monitor", *words)
        assert (done.returncode, text in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
