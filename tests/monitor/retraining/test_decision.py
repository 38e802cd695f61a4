"""Whether the newest reports ask for a retraining, by the files as they are."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import MonitorError
from monitor.retraining.decision import decide, read_reports
from tests.monitor.retraining.traffic import write_report

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def decided(folder: Path, champion: int = 1) -> tuple[bool, str]:
    decision = decide(read_reports(folder, champion))
    return decision.asks, decision.reason


def test_without_a_report_nothing_is_asked_for(tmp_path: Path) -> None:
    assert decided(tmp_path) == (
        False,
        "there is no report about the champion; `python -m monitor watch --once` makes one",
    )


def test_worse_accuracy_asks(tmp_path: Path) -> None:
    path = write_report(tmp_path, NOW, accuracy="accuracy")
    decision = decide(read_reports(tmp_path, 1))
    assert (decision.asks, "the accuracy is worse" in decision.reason) == (True, True)
    assert decision.since == "2026-11-19T00:00:00+00:00"
    assert decision.report_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_calm_and_what_nobody_can_judge_ask_for_nothing(tmp_path: Path) -> None:
    span = f"from 2026-11-19 to 2026-11-26, {NOW:%H:%M} UTC; `python -m monitor watch --once` reports anew"
    write_report(tmp_path, NOW)
    assert decided(tmp_path) == (False, f"neither accuracy nor drift is worse {span}")
    write_report(tmp_path, NOW, drift="cannot_judge")
    assert decided(tmp_path) == (False, f"neither accuracy nor drift could be judged {span}")


def test_drift_in_one_window_asks_for_nothing_however_often_it_is_reported(tmp_path: Path) -> None:
    for days in range(8):  # windows of seven days: all overlap the newest
        write_report(tmp_path, NOW - timedelta(days=days), drift="drift")
    asks, reason = decided(tmp_path)
    assert (asks, "drift alone asks for nothing" in reason) == (False, True)


def test_drift_in_two_windows_in_a_row_asks_with_enough_truths(tmp_path: Path) -> None:
    for days in range(9):
        write_report(tmp_path, NOW - timedelta(days=days), drift="drift", matched=250)
    decision = decide(read_reports(tmp_path, 1))
    assert (decision.asks, decision.since) == (True, "2026-11-11T00:00:00+00:00")
    assert "two windows in a row since 2026-11-11, and 500 truths" in decision.reason
    write_report(tmp_path, NOW, drift="drift", matched=249)
    assert decided(tmp_path)[0] is False
    assert "499 truths to learn from, and 500 are needed" in decided(tmp_path)[1]


def test_a_calm_report_between_two_windows_of_drift_ends_the_row(tmp_path: Path) -> None:
    for days in range(9):
        write_report(tmp_path, NOW - timedelta(days=days), drift="calm" if days == 4 else "drift")
    assert decided(tmp_path)[0] is False


def test_a_report_about_another_champion_asks_for_nothing(tmp_path: Path) -> None:
    write_report(tmp_path, NOW, accuracy="accuracy")
    asks, reason = decided(tmp_path, champion=2)
    assert (asks, "no report about the champion" in reason) == (False, True)
    for days in range(1, 9):
        write_report(tmp_path, NOW - timedelta(days=days), drift="drift")
    write_report(tmp_path, NOW, champion=2, drift="drift")
    assert decided(tmp_path, champion=2)[0] is False


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"window": {}, "champion": 1}'])
def test_a_file_that_is_no_report_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "report-2026-11-26.json").write_text(content)
    with pytest.raises(MonitorError, match=r"report-2026-11-26\.json: is no report"):
        read_reports(tmp_path, 1)


def test_other_files_beside_the_reports_are_none(tmp_path: Path) -> None:
    (tmp_path / "report-latest.json").write_text("x")
    (tmp_path / "alert.json").write_text("x")
    assert read_reports(tmp_path, 1) == []
