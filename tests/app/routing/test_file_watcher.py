"""Watching files: a change is reloaded before the next request; a slow reload holds nobody up for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.routing.file_watcher import RETRY_INTERVAL, TIMEOUT, FileWatcher


class Reader:
    """Keeps what it read of a file, and does what the file says: hang, raise or fail."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.read: list[str] = []
        self.go_on = threading.Event()
        self.now = 0.0
        self.watcher = FileWatcher([file], self.reload, lambda: self.now, 0.01, timeout=0.2)

    def reload(self) -> bool:
        text = self.file.read_text()
        if text == "hang":
            self.go_on.wait(30)
        if text == "raise":
            raise ValueError(text)
        self.read.append(text)
        return text != "fault"

    def change(self, text: str) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.file)
        self.now += 0.01


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    file = tmp_path / "file"
    file.write_text("first")
    reader = Reader(file)
    reader.watcher.poll()
    reader.watcher.start()
    yield reader
    reader.go_on.set()
    reader.watcher.close()


def waited(reader: Reader) -> float:
    """Return how long a request waits, in seconds."""
    start = time.monotonic()
    reader.watcher.wait_until_current()
    return time.monotonic() - start


def test_whoever_waits_has_the_last_change(reader: Reader) -> None:
    for number in range(50):
        reader.change(str(number))
        reader.watcher.wait_until_current()
        assert reader.read[-1] == str(number)


def test_who_comes_before_the_next_look_does_not_see_a_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("first")
    reader = Reader(tmp_path / "file")
    reader.watcher.poll()
    assert waited(reader) < 0.2
    reader.change("second")  # nobody reloads it
    reader.now -= 0.001
    assert waited(reader) < 0.2
    reader.now += 0.001
    assert waited(reader) >= 0.2


@pytest.mark.parametrize(("text", "read"), [("hang", ["first", "hang", "last"]), ("raise", ["first", "last"])])
def test_a_change_that_takes_long_or_cannot_be_read_is_waited_for_once(
    reader: Reader, text: str, read: list[str]
) -> None:
    reader.change(text)
    assert waited(reader) >= 0.2
    assert waited(reader) < 0.2
    reader.go_on.set()
    reader.change("last")
    reader.watcher.wait_until_current()
    assert reader.read == read


def test_a_failed_reload_is_tried_again_after_a_while_and_nobody_waits_for_it(reader: Reader) -> None:
    reader.change("fault")
    reader.watcher.wait_until_current()
    reader.watcher.poll()
    assert reader.read == ["first", "fault"]
    assert waited(reader) < TIMEOUT
    reader.now = RETRY_INTERVAL
    reader.watcher.poll()
    assert reader.read == ["first", "fault", "fault"]


def test_a_file_that_goes_and_comes_back_is_taken_over(reader: Reader) -> None:
    reader.file.rename(reader.file.with_suffix(".away"))
    reader.change("back")
    reader.watcher.wait_until_current()
    assert reader.read[-1] == "back"
