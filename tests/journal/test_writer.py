"""Group commit: threads share a write, processes share the files, and no acknowledged row is lost."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from journal import Journal, LogReader, appender
from tests.journal.events import DAY, NEXT, Events, path


def test_a_row_goes_into_the_file_of_its_day_even_after_midnight(tmp_path: Path) -> None:
    journal = Events(tmp_path)
    for day, row in ((DAY, b"a,1\n"), (NEXT, b"b,2\n"), (DAY, b"late,3\n"), ("2026-11-25", b"c,4\n"), (DAY, b"a,5\n")):
        journal.add(day, row)
    assert path(tmp_path).read_bytes() == b"who,what\na,1\nlate,3\na,5\n"
    assert path(tmp_path, NEXT).read_bytes() == b"who,what\nb,2\n"
    descriptors = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    assert sum(descriptor.resolve().parent == tmp_path for descriptor in descriptors) == 1


def test_rows_that_waited_share_a_write_with_the_requests_last(tmp_path: Path) -> None:
    order: list[str] = []
    first, waited = threading.Event(), threading.Event()

    def write(descriptor: int, data: bytes) -> int:
        order.append(Path(f"/proc/self/fd/{descriptor}").resolve().name[:8])
        first.set()
        waited.wait(30)
        return os.write(descriptor, data)

    journal = Journal(tmp_path, write=write)
    journal.add_stream("requests", ("id",))
    journal.add_stream("predictions", ("id",))
    refused, answered = {"requests": b"1\n"}, {"predictions": b"2\n", "requests": b"2\n"}
    threads = [threading.Thread(target=journal.append, args=(DAY, rows)) for rows in (refused, refused, answered)]
    threads[0].start()
    assert first.wait(30)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        while len(journal._queue) < number:
            pass
    waited.set()
    for thread in threads:
        thread.join()
    assert order == ["requests", "predicti", "requests"]


def test_rows_alone_are_written_with_the_requests_last(tmp_path: Path) -> None:
    order: list[str] = []

    def write(descriptor: int, data: bytes) -> int:
        order.append(Path(f"/proc/self/fd/{descriptor}").resolve().name[:8])
        return os.write(descriptor, data)

    journal = Journal(tmp_path, write=write)
    for stream in ("requests", "predictions", "feedback"):
        journal.add_stream(stream, ("id",))
    for _ in range(2):
        journal.append(DAY, {"requests": b"1\n", "predictions": b"1\n", "feedback": b"1\n"})
        journal.append(DAY, {"predictions": b"2\n", "requests": b"2\n"})
    assert order == ["predicti", "feedback", "requests", "predicti", "requests"] * 2


def test_each_append_is_on_the_disk_before_it_returns_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name[:8])

    monkeypatch.setattr(appender, "_fdatasync", sync)
    journals = {durability: Journal(tmp_path, durability=durability) for durability in ("write", "fsync")}
    for journal in journals.values():
        for stream in ("predictions", "requests"):
            journal.add_stream(stream, ("id",))
    for row in (b"1\n", b"2\n", b"3\n"):
        for durability, journal in journals.items():
            journal.append(DAY, {"predictions": row, "requests": row})
            assert synced == (["predicti", "requests"] if durability == "fsync" else [])
        synced.clear()


def test_many_threads_share_one_log(tmp_path: Path) -> None:
    journal = Events(tmp_path, durability="fsync")
    rows = [b"a,%d\n" % number for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(journal.add, DAY), rows))
    header, *written = path(tmp_path).read_bytes().splitlines(keepends=True)
    assert header == b"who,what\n"
    assert sorted(written) == sorted(rows)


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
            running[victim].kill()
            running.pop(victim).join()
    for process in running.values():
        process.kill()
        process.join()
    reader = LogReader(path(tmp_path))
    whole = list(reader)
    assert {row["end"] for row in whole} == {"."}
    seen = [(row["who"], int(row["what"].split(":")[0]), len(row["what"])) for row in whole]
    assert reader.torn <= 12
    for who, value in last.items():
        numbers = [what for writer, what, _ in seen if writer == str(who)]
        assert numbers[: value.value + 1] == list(range(value.value + 1))
        assert len(numbers) <= value.value + 2
    assert all(length > 30_000 for *_, length in seen)
