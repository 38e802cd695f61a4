"""The probe finds what would keep an append from succeeding, in every process, and leaves nothing behind."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from journal import JournalError
from tests.conftest import as_user
from tests.journal.events import DAY, NEXT, Disk, Events, path

Fault = Callable[[Path], object]  # gets the path of the day's file


def _replace_folder(file: Path, by: Callable[[Path], object]) -> None:
    file.parent.rmdir()
    by(file.parent)


FAULTS: dict[str, tuple[Fault, str]] = {
    "other columns": (lambda file: file.write_text("who,why\n"), "its columns are not who,what; move it away"),
    "a folder": (Path.mkdir, "events-2026-11-23.csv: can't be written .Is a directory"),
    "a pipe": (os.mkfifo, "events-2026-11-23.csv: is not a plain file; move it away"),
    "a link to nowhere": (
        lambda file: file.symlink_to("/nowhere/events.csv"),
        "events-2026-11-23.csv: can't be written .it links to /nowhere/events.csv, which is not there; make it",
    ),
    "a link to nowhere as folder": (
        lambda file: _replace_folder(file, lambda folder: folder.symlink_to("/nowhere")),
        "logs: can't be written .it links to /nowhere, which is not there; make it, or remove the link",
    ),
    "a file as folder": (
        lambda file: _replace_folder(file, Path.touch),
        "logs: can't be written .it is not a folder; move it away, or choose another",
    ),
}


@pytest.mark.parametrize(("do", "message"), FAULTS.values(), ids=FAULTS)
def test_a_probe_and_an_append_refuse_the_same_with_the_same_words(tmp_path: Path, do: Fault, message: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    do(path(folder))
    journal = Events(folder)
    for attempt in (journal.probe, lambda day: journal.add(day, b"a,1\n")):
        with pytest.raises(JournalError, match=message):
            attempt(DAY)


def test_a_fault_that_comes_later_is_seen_by_those_who_have_the_file_open_too(tmp_path: Path) -> None:
    journal, other = Events(tmp_path), Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    for worker in (journal, other):
        worker.probe(DAY)
    path(tmp_path).write_bytes(b"somebody's own\n")
    for worker in (journal, other):
        with pytest.raises(JournalError, match="its columns are not who,what"):
            worker.probe(DAY)


def test_a_probe_leaves_nothing_behind_and_changes_no_file(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    before = path(tmp_path).stat()
    for day in (DAY, NEXT, ""):
        journal.probe(day)
    assert os.listdir(tmp_path) == [path(tmp_path).name]
    assert path(tmp_path).stat() == before


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_a_probe_finds_a_full_disk_before_any_append_has_failed(tmp_path: Path, fault: int) -> None:
    disk = Disk(100, fault)
    journal = Events(tmp_path, write=disk)
    journal.add(DAY, b"a,1\n")
    disk.room = 0
    with pytest.raises(JournalError, match=os.strerror(fault)):
        journal.probe(DAY)
    assert os.listdir(tmp_path) == [path(tmp_path).name]


def test_a_probe_finds_a_lock_that_somebody_keeps(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(JournalError, match=r"another process held the lock for 0\.1 s"):
        Events(tmp_path, lock_timeout=0.1).probe(DAY)
    os.close(other)


def test_a_probe_finds_a_file_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # another user may not walk through the folders above
    tmp_path.chmod(0o777)
    file = path(Path())
    file.write_bytes(b"who,what\n")
    file.chmod(0o644)
    with as_user(12345, group=12345), pytest.raises(JournalError, match="^events-.*written .Permission denied"):
        Events(Path()).probe(DAY)


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with as_user(12345, group=12345), pytest.raises(JournalError, match=r"^\.: can't be written .Permission denied"):
        Events(Path()).probe(DAY)
