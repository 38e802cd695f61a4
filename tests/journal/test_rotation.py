"""Files may be moved away while they are written, as logrotate does: each row is in one of them, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from journal import LogReader
from tests.e2e.server import wait_until
from tests.journal.events import DAY, Events, path


@contextmanager
def writers(folder: Path, count: int = 2) -> Iterator[list[int]]:
    """Append rows from some journals at once until the end of the block. How many each wrote is in the list."""
    written, over = [0] * count, threading.Event()

    def write(who: int) -> None:
        journal = Events(folder)
        while not over.is_set():
            journal.add(DAY, b"%d,%d\n" % (who, written[who]))
            written[who] += 1

    threads = [threading.Thread(target=write, args=(who,)) for who in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        over.set()
        for thread in threads:
            thread.join()


def rename_and_create(folder: Path, number: int) -> None:
    path(folder).rename(folder / f"moved-{number}")
    path(folder).touch()


def rename(folder: Path, number: int) -> None:
    path(folder).rename(folder / f"moved-{number}")


def logrotate(folder: Path, number: int) -> None:
    program = shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("NOT TESTED: logrotate itself, because it is not installed")
    configuration = folder.parent / "logrotate.conf"
    configuration.write_text(f"{path(folder)} {{\n  rotate 100\n  create\n  su root root\n}}\n")
    configuration.chmod(0o644)
    state = folder.parent / "state"
    subprocess.run([program, "--force", "--state", str(state), str(configuration)], check=True)


@pytest.mark.parametrize("rotate", [rename, rename_and_create, logrotate])
def test_no_row_is_lost_or_doubled_when_files_are_moved_while_they_are_written(
    tmp_path: Path, rotate: Callable[[Path, int], None]
) -> None:
    folder = tmp_path / "logs"
    with writers(folder) as written:
        for number in range(4):
            goal = sum(written) + 10
            wait_until(lambda goal=goal: sum(written) >= goal and path(folder).exists(), "more rows in a file")
            rotate(folder, number)
        wait_until(path(folder).exists, "a file after the last one was moved")
    readers = [LogReader(file) for file in folder.iterdir()]
    rows = [(int(row["who"]), int(row["what"])) for reader in readers for row in reader]
    assert sorted(rows) == [(who, what) for who, count in enumerate(written) for what in range(count)]
    assert [reader.torn for reader in readers] == [0] * len(readers)
    assert len(readers) > 4
