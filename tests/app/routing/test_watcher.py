"""Following files: a change is taken over before the next request, one that takes long holds nobody up for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.routing import watcher as follow
from app.routing.watcher import FileWatcher


class Reader:
    """Takes a file over, and has what it read; does as the file says it should."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.read: list[str] = []
        self.go_on = threading.Event()
        self.now = 0.0
        self.follower = FileWatcher([file], self.take_over, lambda: self.now)

    def take_over(self) -> bool:
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


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    file = tmp_path / "file"
    file.write_text("first")
    reader = Reader(file)
    reader.follower.look()
    reader.follower.follow()
    yield reader
    reader.go_on.set()
    reader.follower.close()


def waited(reader: Reader) -> float:
    start = time.monotonic()
    reader.follower.be_current()
    return time.monotonic() - start


def test_whoever_wants_to_be_current_has_the_last_change(reader: Reader) -> None:
    for number in range(50):
        reader.change(str(number))
        reader.follower.be_current()
        assert reader.read[-1] == str(number)


def test_a_change_that_takes_long_is_waited_for_once_and_taken_over_in_the_end(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "PATIENCE", 0.3)
    reader.change("hang")
    assert waited(reader) >= 0.3
    assert waited(reader) < 0.3
    reader.go_on.set()
    reader.change("last")
    reader.follower.be_current()
    assert reader.read == ["first", "hang", "last"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_change_that_can_not_be_read_is_waited_for_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PATIENCE", 0.3)
    reader.change("raise")
    assert waited(reader) >= 0.3
    assert waited(reader) < 0.3
    reader.change("mended")
    reader.follower.be_current()
    assert reader.read == ["first", "mended"]


def test_what_did_not_go_well_is_tried_again_after_a_while_and_nobody_waits_for_that(reader: Reader) -> None:
    reader.change("fault")
    reader.follower.be_current()
    reader.follower.look()
    assert reader.read == ["first", "fault"]
    assert waited(reader) < follow.PATIENCE
    reader.now = follow.RETRY
    reader.follower.look()
    assert reader.read == ["first", "fault", "fault"]


def test_a_file_that_goes_and_comes_back_is_taken_over(reader: Reader) -> None:
    reader.file.rename(reader.file.with_suffix(".away"))
    reader.change("back")
    reader.follower.be_current()
    assert reader.read[-1] == "back"
