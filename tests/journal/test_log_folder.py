"""Days are closed for all processes at once; rows that come later have files of their own."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest

from journal import JournalError, LogReader, close_days, daily_files, day_of, last_day_of
from journal.log_folder import next_day, today
from tests.journal.events import DAY, NEXT, Events, path


def test_rows_of_a_closed_day_go_into_a_late_file_which_is_read_after_the_days_own(tmp_path: Path) -> None:
    early, late = Events(tmp_path), Events(tmp_path)
    early.add(DAY, b"a,1\n")
    late.add(DAY, b"b,2\n")
    late.add(NEXT, b"c,3\n")
    close_days(tmp_path, DAY)
    for journal in (early, late, Events(tmp_path)):
        journal.add(DAY, b"d,4\n")
    files = daily_files(tmp_path, "events")
    assert [file.name for file in files] == [
        f"events-{DAY}.csv",
        f"events-{DAY}.late-{today()}.csv",
        f"events-{NEXT}.csv",
    ]
    assert [len(list(LogReader(file))) for file in files] == [2, 3, 1]
    assert [day_of(file) for file in files] == [DAY, DAY, NEXT]
    assert [last_day_of(file) for file in files] == [DAY, today(), NEXT]


def test_a_late_file_is_closed_too(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    close_days(tmp_path, DAY)
    journal.add(DAY, b"a,1\n")
    close_days(tmp_path, today())  # as tomorrow's seal does
    Events(tmp_path).add(DAY, b"b,2\n")
    assert [last_day_of(file) for file in daily_files(tmp_path, "events")] == [today(), next_day(today())]


def test_an_earlier_day_opens_no_closed_one_again(tmp_path: Path) -> None:
    close_days(tmp_path, NEXT)
    close_days(tmp_path, DAY)
    Events(tmp_path).add(NEXT, b"a,1\n")
    assert not path(tmp_path, NEXT).exists()


def test_days_are_closed_under_the_folders_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journal.log_folder.LOCK_TIMEOUT", 0.05)
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="another process held the lock") as caught:
        close_days(tmp_path, DAY)
    assert str(tmp_path) in str(caught.value)
    os.close(other)


def test_a_marker_that_holds_no_day_is_named_and_keeps_no_row_of_today_out(tmp_path: Path) -> None:
    (tmp_path / ".closed").write_text("yesterday")
    Events(tmp_path).add(today(), b"a,1\n")
    with pytest.raises(JournalError, match=r"\.closed: expected a day like 2026-11-23; remove it"):
        Events(tmp_path).add(DAY, b"a,1\n")


def test_a_pipe_in_place_of_the_marker_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".closed")
    signal.alarm(20)  # ends the tests, if it is waited for
    with pytest.raises(JournalError, match=r"\.closed: can't be written .it is a pipe, and a plain file is expected"):
        Events(tmp_path).add(DAY, b"a,1\n")
    signal.alarm(0)
