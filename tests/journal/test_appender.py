"""Files are begun, repaired, and cut back after a failed write: real files, real faults."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from journal import Journal, JournalError, LogReader
from journal.appender import _STAT_INTERVAL
from tests.conftest import as_user
from tests.journal.events import DAY, NEXT, Disk, Events, path


def test_a_file_begins_with_its_header_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    first, second = Events(folder), Events(folder)
    first.add(DAY, b"a,1\n")
    second.add(DAY, b"b,2\n")
    first.add(DAY, b"a,3\n")
    assert path(folder).read_bytes() == b"who,what\na,1\nb,2\na,3\n"


@pytest.mark.parametrize("content", [b"who,why\na,1\n", b"a,b,c\nsomebody's own, last line without an end"])
def test_a_file_with_other_columns_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path(tmp_path).write_bytes(content)
    journal = Events(tmp_path)
    with pytest.raises(JournalError, match=r"events-2026-11-23.csv: its columns are not who,what; move it away"):
        journal.add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    ("torn", "end"),
    [
        (b"", b"who,what\n"),
        (b"who,wh", b"at\n"),
        (b"who,what\na,1\nb,hal", b",,\n"),
        (b"who,what\na,1\nb", b",,\n"),
        (b'who,what\na,1\nb,"half, of a quoted', b'",,\n'),
        (b'who,what\na,1\nb,"all ""of"" it"', b",,\n"),
        (b"who,what\na,1\nb," + b"x" * 200_000, b",,\n"),
    ],
)
def test_a_row_after_a_torn_row_or_header_starts_on_its_own_line(tmp_path: Path, torn: bytes, end: bytes) -> None:
    path(tmp_path).write_bytes(torn)
    Events(tmp_path).add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == torn + end + b"c,3\n"
    assert list(LogReader(path(tmp_path)))[-1] == {"who": "c", "what": "3"}


def test_a_row_after_the_torn_row_of_another_writer_starts_on_its_own_line(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    for number in (1, 2, 3):
        journal.add(DAY, b"a,%d\n" % number)
        with path(tmp_path).open("ab") as file:
            file.write(b'b,"half')
    assert path(tmp_path).read_bytes() == b'who,what\na,1\nb,"half",,\na,2\nb,"half",,\na,3\nb,"half'


def test_a_file_that_was_emptied_is_begun_again_at_once(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    for row in (b"a,1\n", b"b,2\n"):
        journal.add(DAY, row)
        assert path(tmp_path).read_bytes() == b"who,what\n" + row
        os.truncate(path(tmp_path), 0)


def test_a_file_that_was_moved_or_removed_is_begun_again_after_10_ms(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    path(tmp_path).rename(tmp_path / "archived.csv")
    for row in (b"b,2\n", b"c,3\n"):
        time.sleep(_STAT_INTERVAL)
        journal.add(DAY, row)
        assert path(tmp_path).read_bytes() == b"who,what\n" + row
        path(tmp_path).unlink()
    assert (tmp_path / "archived.csv").read_bytes() == b"who,what\na,1\n"


def test_rows_of_the_first_10_ms_after_a_move_are_in_the_file_that_was_moved(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    path(tmp_path).rename(tmp_path / "archived.csv")
    count = 1
    while not path(tmp_path).exists():
        count += 1
        journal.add(DAY, b"a,%d\n" % count)
    rows = [b"a,%d\n" % number for number in range(1, count + 1)]
    assert (tmp_path / "archived.csv").read_bytes() == b"who,what\n" + b"".join(rows[:-1])
    assert path(tmp_path).read_bytes() == b"who,what\n" + rows[-1]


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_the_umask_says_who_may_read_and_write_a_file_and_its_folder(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        Events(tmp_path / "logs").add(DAY, b"a,1\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path(tmp_path / "logs").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o777 & ~umask


def test_the_next_user_of_the_same_group_goes_on_in_todays_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.chown(tmp_path, -1, 54321)
    tmp_path.chmod(0o770)
    for user in (1_000_770_000, 1_000_880_000):  # as OpenShift chooses them
        with as_user(user, group=54321, umask=0o002):
            Events(Path("logs")).probe(DAY)
            Events(Path("logs")).add(DAY, b"a,1\n")
    assert path(tmp_path / "logs").read_bytes() == b"who,what\na,1\na,1\n"


@pytest.mark.parametrize("away", [shutil.rmtree, lambda folder: folder.rename(folder.with_name("archived"))])
def test_a_folder_that_was_moved_or_removed_is_begun_again(tmp_path: Path, away: Callable[[Path], None]) -> None:
    journal = Journal(tmp_path / "logs")
    for stream in ("first", "second"):
        journal.add_stream(stream, ["who"])
    journal.append(DAY, {"first": b"a\n"})
    away(tmp_path / "logs")
    journal.append(DAY, {"second": b"b\n"})
    assert [file.read_bytes() for file in (tmp_path / "logs").iterdir()] == [b"who\nb\n"]


def test_a_new_file_is_not_begun_in_another_folder_than_the_open_ones(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "logs")
    for stream in ("first", "second"):
        journal.add_stream(stream, ["who"])
    journal.append(DAY, {"first": b"a\n"})
    (tmp_path / "logs").rename(tmp_path / "archived")
    (tmp_path / "logs").mkdir()
    journal.append(DAY, {"first": b"b\n", "second": b"b\n"})
    assert {file.read_bytes() for file in (tmp_path / "logs").iterdir()} == {b"who\nb\n"}
    assert [file.read_bytes() for file in (tmp_path / "archived").iterdir()] == [b"who\na\n"]


def test_a_lock_that_somebody_keeps_is_an_error_after_the_time_limit(tmp_path: Path) -> None:
    journal = Events(tmp_path, lock_timeout=0.1)
    journal.add(DAY, b"a,1\n")
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(JournalError, match=r"another process held the lock for 0\.1 s"):
        journal.add(DAY, b"b,2\n")
    os.close(other)
    journal.add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nc,3\n"


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize(("room", "failed"), [(6, "events"), (10, "others")], ids=["first file", "second file"])
def test_a_failed_append_leaves_no_part_of_its_rows_and_the_next_one_succeeds(
    tmp_path: Path, fault: int, room: int, failed: str
) -> None:
    disk = Disk(1000, fault)
    journal = Events(tmp_path, write=disk)
    journal.add_stream("others", ("x",))
    journal.append(DAY, {"others": b"1\n", "events": b"a,1\n"})
    disk.room = room
    with pytest.raises(JournalError, match=f"{failed}-{DAY}.csv: can't be written .{os.strerror(fault)}"):
        journal.append(DAY, {"events": b"b,2\nb,22\n", "others": b"2\n"})
    assert path(tmp_path).read_bytes() == b"who,what\na,1\n"
    assert (tmp_path / f"others-{DAY}.csv").read_bytes() == b"x\n1\n"
    disk.room = 0
    with pytest.raises(JournalError, match=os.strerror(fault)):
        journal.probe(DAY)
    disk.room = 1000
    journal.probe(DAY)
    journal.append(DAY, {"others": b"3\n", "events": b"c,3\n"})
    assert (tmp_path / f"others-{DAY}.csv").read_bytes() == b"x\n1\n3\n"
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nc,3\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_short_write_that_can_go_on_is_completed(tmp_path: Path) -> None:
    journal = Events(tmp_path, write=lambda descriptor, data: os.write(descriptor, data[:3]))
    journal.add(DAY, b"a,1\nb,2\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nb,2\n"


def test_a_close_that_fails_is_an_error_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, close = Events(tmp_path), os.close

    def fail_once(descriptor: int) -> None:
        monkeypatch.undo()
        close(descriptor)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal.add(DAY, b"a,1\n")
    monkeypatch.setattr(os, "close", fail_once)
    with pytest.raises(JournalError, match="Input/output error"):
        journal.add(NEXT, b"b,2\n")
    journal.add(NEXT, b"c,3\n")
    assert path(tmp_path, NEXT).read_bytes() == b"who,what\nc,3\n"
