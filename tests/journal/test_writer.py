"""Durable append: real files, real processes, real faults."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journal import Journal, JournalError, LogReader

DAY, NEXT = "2026-11-23", "2026-11-24"


class Events(Journal):
    """A journal of one stream."""

    def __init__(self, folder: Path, **edges: Any) -> None:
        super().__init__(folder, **edges)
        self.add_stream("events", ("who", "what"))

    def add(self, day: str, rows: bytes) -> None:
        self.append(day, {"events": rows})


def path(folder: Path, day: str = DAY) -> Path:
    return folder / f"events-{day}.csv"


def test_a_file_begins_with_its_header_once(tmp_path: Path) -> None:
    first, second = Events(tmp_path / "new" / "folder"), Events(tmp_path / "new" / "folder")
    first.add(DAY, b"a,1\n")
    second.add(DAY, b"b,2\n")
    first.add(DAY, b"a,3\n")
    assert path(tmp_path / "new" / "folder").read_bytes() == b"who,what\na,1\nb,2\na,3\n"


def test_a_row_goes_into_the_file_of_its_day_even_after_midnight(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    for day, row in ((DAY, b"a,1\n"), (NEXT, b"b,2\n"), (DAY, b"late,3\n"), ("2026-11-25", b"c,4\n"), (DAY, b"a,5\n")):
        journal.add(day, row)
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nlate,3\na,5\n"
    assert path(tmp_path, NEXT).read_bytes() == b"who,what\nb,2\n"
    descriptors = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    assert sum(descriptor.resolve().parent == tmp_path for descriptor in descriptors) == 1
    journal.close()


@pytest.mark.parametrize(
    ("torn", "ended"),
    [
        (b"b,hal", b"b,hal\n"),
        (b"b", b"b\n"),
        (b'b,"half, of a quoted', b'b,"half, of a quoted"\n'),
        (b'b,"all ""of"" it"', b'b,"all ""of"" it"\n'),
        (b"b," + b"x" * 200_000, b"b," + b"x" * 200_000 + b"\n"),
    ],
)
def test_a_row_behind_a_torn_one_starts_on_a_line_of_its_own(tmp_path: Path, torn: bytes, ended: bytes) -> None:
    path(tmp_path).write_bytes(b"who,what\na,1\n" + torn)
    Events(tmp_path).add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\n" + ended + b"c,3\n"
    assert list(LogReader(path(tmp_path)))[-1] == {"who": "c", "what": "3"}


@pytest.mark.parametrize("head", [b"", b"who,wh"])
def test_a_header_that_its_writer_did_not_finish_is_written_again(tmp_path: Path, head: bytes) -> None:
    path(tmp_path).write_bytes(head)
    Events(tmp_path).add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\nc,3\n"


def test_a_file_with_other_columns_is_left_alone_and_named(tmp_path: Path) -> None:
    path(tmp_path).write_bytes(b"who,why\na,1\n")
    with pytest.raises(JournalError, match=r"events-2026-11-23.csv: its columns are not who,what; move it away"):
        Events(tmp_path).add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,why\na,1\n"


def test_what_is_not_ours_is_not_touched_and_not_ready(tmp_path: Path) -> None:
    strange = b"a,b,c\nsomebody's own, last line without an end"
    path(tmp_path).write_bytes(strange)
    journal = Events(tmp_path)
    with pytest.raises(JournalError, match="its columns are not"):
        journal.add(DAY, b"c,3\n")
    with pytest.raises(JournalError, match="its columns are not"):
        journal.probe()
    assert path(tmp_path).read_bytes() == strange
    path(tmp_path).unlink()
    journal.probe()


def test_a_file_that_was_moved_away_is_left_to_its_mover(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    path(tmp_path).rename(tmp_path / "archived.csv")
    journal.add(DAY, b"b,2\n")
    assert (tmp_path / "archived.csv").read_bytes() == b"who,what\na,1\n"
    assert path(tmp_path).read_bytes() == b"who,what\nb,2\n"


@pytest.mark.parametrize("away", [shutil.rmtree, lambda folder: folder.rename(folder.with_name("archived"))])
def test_a_folder_that_was_moved_or_removed_is_begun_again(tmp_path: Path, away: Callable[[Path], None]) -> None:
    journal = Journal(tmp_path / "logs")
    for stream in ("first", "second"):
        journal.add_stream(stream, ["who"])
    journal.append(DAY, {"first": b"a\n"})
    away(tmp_path / "logs")
    journal.append(DAY, {"second": b"b\n"})
    assert [file.read_bytes() for file in (tmp_path / "logs").iterdir()] == [b"who\nb\n"]


def test_a_file_that_can_never_be_made_is_an_error(tmp_path: Path) -> None:
    path(tmp_path).symlink_to(tmp_path / "nowhere" / "events.csv")
    with pytest.raises(JournalError, match="can't be written"):
        Events(tmp_path).add(DAY, b"a,1\n")


@pytest.mark.slow
def test_a_lock_that_somebody_keeps_is_an_error_and_not_for_ever(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    keeper = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(keeper, fcntl.LOCK_EX)
    with pytest.raises(JournalError, match="another process holds its lock"):
        journal.add(DAY, b"b,2\n")
    os.close(keeper)
    journal.add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nc,3\n"


def test_rows_that_gathered_are_written_with_the_requests_last(tmp_path: Path) -> None:
    order: list[str] = []
    first, gathered = threading.Event(), threading.Event()

    def write(descriptor: int, data: bytes) -> int:
        order.append(Path(f"/proc/self/fd/{descriptor}").resolve().name[:8])
        first.set()
        gathered.wait(30)
        return os.write(descriptor, data)

    journal = Journal(tmp_path, write=write)
    journal.add_stream("requests", ("id",))
    journal.add_stream("predictions", ("id",))
    refusal, answer = {"requests": b"1\n"}, {"predictions": b"2\n", "requests": b"2\n"}
    threads = [threading.Thread(target=journal.append, args=(DAY, rows)) for rows in (refusal, refusal, answer)]
    threads[0].start()
    assert first.wait(30)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        while len(journal._waiting) < number:
            pass
    gathered.set()
    for thread in threads:
        thread.join()
    assert order == ["requests", "predicti", "requests"]


def test_a_file_that_was_removed_or_emptied_is_begun_again(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    journal.add(DAY, b"a,1\n")
    path(tmp_path).unlink()
    journal.add(DAY, b"b,2\n")
    assert path(tmp_path).read_bytes() == b"who,what\nb,2\n"
    os.truncate(path(tmp_path), 0)
    journal.add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\nc,3\n"


class Disk:
    """A write that takes so many bytes more and then fails, as a disk does that is full or broken."""

    def __init__(self, room: int, fault: int = errno.ENOSPC) -> None:
        self.room, self.fault = room, fault

    def __call__(self, descriptor: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(self.fault, os.strerror(self.fault))
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failed_append_leaves_no_part_of_a_row_and_the_next_one_succeeds(tmp_path: Path, fault: int) -> None:
    disk = Disk(1000, fault)
    journal = Events(tmp_path, write=disk)
    journal.add(DAY, b"a,1\n")
    disk.room = 6
    with pytest.raises(JournalError, match=f"can't be written .{os.strerror(fault)}"):
        journal.add(DAY, b"b,2\nb,22\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\n"
    with pytest.raises(JournalError, match=os.strerror(fault)):
        journal.probe()
    disk.room = 1000
    journal.probe()
    journal.add(DAY, b"c,3\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nc,3\n"
    assert [name.name for name in tmp_path.iterdir()] == [path(tmp_path).name]


def test_rows_for_two_files_are_in_both_or_in_neither(tmp_path: Path) -> None:
    disk = Disk(1000)
    journal = Events(tmp_path, write=disk)
    journal.add_stream("others", ("x",))
    journal.append(DAY, {"others": b"1\n", "events": b"a,1\n"})
    disk.room = 4
    with pytest.raises(JournalError, match="events-2026-11-23.csv: can't be written"):
        journal.append(DAY, {"others": b"2\n", "events": b"b,2\n"})
    disk.room = 1000
    assert (tmp_path / f"others-{DAY}.csv").read_bytes() == b"x\n1\n"
    journal.append(DAY, {"others": b"3\n", "events": b"c,3\n"})
    assert (tmp_path / f"others-{DAY}.csv").read_bytes() == b"x\n1\n3\n"
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nc,3\n"


def test_a_short_write_that_can_go_on_is_completed(tmp_path: Path) -> None:
    journal = Events(tmp_path, write=lambda descriptor, data: os.write(descriptor, data[:3]))
    journal.add(DAY, b"a,1\nb,2\n")
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nb,2\n"


def test_a_disk_that_is_really_full_and_then_has_room_again(small_disk: Path) -> None:
    journal = Events(small_disk)
    row = b"a," + b"x" * 997 + b"\n"
    appended = 0
    with pytest.raises(JournalError, match="No space left on device"):  # noqa: PT012
        while appended < 1000:
            journal.add(DAY, row)
            appended += 1
    with pytest.raises(JournalError, match="No space left on device"):
        journal.probe()
    reading = LogReader(path(small_disk))
    assert len(list(reading)) == appended
    assert reading.torn == 0
    os.truncate(path(small_disk), 5000)
    journal.probe()
    journal.add(DAY, row)
    assert path(small_disk).read_bytes().endswith(b"\n" + row)
    journal.close()


def test_a_folder_that_cannot_be_made_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="can't be written"):
        Events(tmp_path / "file").add(DAY, b"a,1\n")
    with pytest.raises(JournalError, match="can't be written"):
        Events(tmp_path / "file").probe()


def test_many_threads_share_one_log(tmp_path: Path) -> None:
    journal = Events(tmp_path, durability="fsync")

    def write(who: int) -> None:
        for what in range(50):
            journal.add(DAY, f"{who},{what}\n".encode())

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [(row["who"], row["what"]) for row in LogReader(path(tmp_path))]
    assert sorted(rows) == sorted((str(who), str(what)) for who in range(8) for what in range(50))


def _write_until_killed(folder: Path, who: int, acknowledged: Any) -> None:
    journal = Journal(folder)
    journal.add_stream("events", ("who", "what", "end"))
    # Rows of many pages: a kill can cut their write, as it could never cut a short one.
    filler = "x" * 30_000
    what = 0
    while True:
        journal.append(DAY, {"events": f"{who},{what}:{filler},.\n".encode()})
        acknowledged.value = what
        what += 1


@pytest.mark.slow
def test_rows_acknowledged_before_a_kill_are_there_whole_and_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    last: dict[int, Any] = {}
    running: dict[int, Any] = {}
    for who in range(12):
        last[who] = context.Value("q", -1, lock=False)
        running[who] = context.Process(target=_write_until_killed, args=(tmp_path, who, last[who]))
        running[who].start()
        if len(running) == 3:
            victim = min(running)
            while last[victim].value < 20:
                assert running[victim].is_alive()
            os.kill(running[victim].pid, signal.SIGKILL)
            running.pop(victim).join()
    for process in running.values():
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    reading = LogReader(path(tmp_path))
    whole = [row for row in reading if row["end"] == "."]
    seen = [(row["who"], int(row["what"].split(":")[0]), len(row["what"])) for row in whole]
    assert reading.torn <= 12
    for who, value in last.items():
        numbers = [what for writer, what, _ in seen if writer == str(who)]
        assert numbers[: value.value + 1] == list(range(value.value + 1))
        assert len(numbers) <= value.value + 2
    assert all(length > 30_000 for *_, length in seen)
