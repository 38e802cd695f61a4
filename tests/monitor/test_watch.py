"""monitor/watch.py: when it looks at the logs, what it says, which faults it survives, and what ends it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from monitor.watch import HOUR, Look, lower_priority, watch

CALM, DRIFT, CANNOT_JUDGE, FAILED = 0, 10, 30, 1
SEEN, CHANGED = {"predictions-2026-11-26.csv": 20}, {"predictions-2026-11-26.csv": 21}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A log folder with a file as in SEEN."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / next(iter(SEEN))).write_text("x" * 20)
    return tmp_path / "logs"


@pytest.mark.parametrize(
    ("code", "before", "pause", "hours_ago", "enough"),
    [
        (CALM, CHANGED, -1, 0, True),
        (DRIFT, CHANGED, -1, 0, True),
        (CALM, SEEN, -1, 1, False),
        (CALM, SEEN, 60, -1, False),  # the clock went back
        (CANNOT_JUDGE, CHANGED, 60, 0, True),
        (CANNOT_JUDGE, CHANGED, -1, 0, False),
        (CANNOT_JUDGE, SEEN, -1, 0, True),
        (FAILED, SEEN, 60, 0, True),
        (FAILED, SEEN, -1, 0, False),
    ],
)
def test_it_looks_each_hour_and_sooner_after_a_fault_or_if_there_is_more_of_what_was_too_little(
    logs: Path, code: int, before: object, pause: float, hours_ago: int, enough: bool
) -> None:
    look = Look(before, time.time() // HOUR - hours_ago, code, time.monotonic() + pause)
    assert look.is_enough(logs) is enough


def look_for(logs: Path, seconds: float, script: str, minute: float = 0.01) -> None:
    """Watch for a while, with a shell script in place of the report. It has the number of the look in $n."""
    end, count = time.monotonic() + seconds, logs.parent / "looks"
    script = f"echo >>{count}; n=$(($(wc -l <{count}))); {script}"
    watch(logs, lambda: time.monotonic() < end, ("sh", "-c", script), minute)


def test_only_another_verdict_and_another_fault_are_news(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = """case $n in
        1|2) echo "first line"; echo "the disk is full" >&2; exit 1;;
        3) echo "there is no champion" >&2; exit 1;;
        4) echo "Traceback (most recent call last):" >&2; echo "KeyError: 1" >&2; exit 1;;
        5) kill -9 $$;;
        6|7) echo more >>%s/requests-2026-11-26.csv; echo "$n rows are too few"; exit 30;;
        *) echo "a warning" >&2; echo "calm"; exit 0;;
    esac"""
    look_for(logs, 2, script % logs)
    said = [line.partition("] [monitor] ")[2] for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "the disk is full",
        "there is no champion",
        "No report was made, by a fault of the monitor: KeyError: 1; `python -m monitor watch --once` shows where.",
        "No report was made: exit code -9.",
        "6 rows are too few",
        "calm",
    ]


def test_a_command_that_cannot_be_started_and_a_folder_that_cannot_be_made_are_faults_like_others(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (logs / "reports").write_text("in the way")
    end = time.monotonic() + 0.5
    watch(logs, lambda: time.monotonic() < end, ("/nowhere",), 0.01)
    (logs / "reports").unlink()
    end = time.monotonic() + 0.5
    watch(logs, lambda: time.monotonic() < end, ("/nowhere",), 0.01)
    first, second = capsys.readouterr().err.splitlines()
    assert "File exists" in first
    assert "/nowhere" in second


def test_a_look_that_is_at_work_ends_with_the_watch(logs: Path) -> None:
    before = time.monotonic()
    look_for(logs, 0.5, "exec sleep 60")
    assert time.monotonic() - before < 30


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="NOT TESTED: the idle priority, which this system lacks")
def test_it_works_when_nobody_else_wants_to(tmp_path: Path) -> None:
    if (pid := os.fork()) == 0:
        lower_priority()
        os._exit(os.sched_getscheduler(0))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == os.SCHED_IDLE
