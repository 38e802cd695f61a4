"""history.jsonl: whatever is done to it afterwards is found and named, and a writer that dies harms nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import HistoryError
from registry.history import HEAD, HISTORY, History


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A history of four lines."""
    history = History(tmp_path)
    for number in range(4):
        history.append({"action": "publish", "version": number, "by": "Ünal", "reason": 'a "reason"\nof two lines'})
    return history


def changed(folder: Path, lines: list[bytes]) -> str:
    """What is said about a history that holds these lines instead."""
    (folder / HISTORY).write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(HistoryError) as caught:
        History(folder).entries()
    return str(caught.value)


def stored(folder: Path) -> list[bytes]:
    return (folder / HISTORY).read_bytes().splitlines()


def test_what_was_written_is_read_back_in_order(history: History) -> None:
    lines = history.entries()
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert [line.content["version"] for line in lines] == [0, 1, 2, 3]
    assert lines[0].content["by"] == "Ünal"
    assert [line.content["previous"] for line in lines[1:]] == [line.digest for line in lines[:-1]]


def test_a_folder_without_history_has_no_lines(tmp_path: Path) -> None:
    assert History(tmp_path).entries() == []


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_an_edited_line_is_named(history: History, tmp_path: Path, number: int) -> None:
    lines = stored(tmp_path)
    lines[number - 1] = lines[number - 1].replace(b"publish", b"promote")
    assert f"line {number}: was changed" in changed(tmp_path, lines)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_line_is_named(history: History, tmp_path: Path, number: int) -> None:
    lines = stored(tmp_path)
    del lines[number - 1]
    assert f"line {number}: does not follow the line before it" in changed(tmp_path, lines)


def test_removed_last_lines_are_named(history: History, tmp_path: Path) -> None:
    lines = stored(tmp_path)
    assert "line 4: is gone; history.head tells of 4 lines" in changed(tmp_path, lines[:3])
    assert "line 1: is gone; history.head tells of 4 lines" in changed(tmp_path, [])


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (2, 3), (0, 3)])
def test_lines_in_another_order_are_named(history: History, tmp_path: Path, one: int, other: int) -> None:
    lines = stored(tmp_path)
    lines[one], lines[other] = lines[other], lines[one]
    assert f"line {one + 1}: does not follow the line before it" in changed(tmp_path, lines)


def test_a_line_written_anew_with_its_own_sums_does_not_fit_the_next(history: History, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    forged = History(other)
    for number in (9, 1, 2, 3):
        forged.append({"action": "publish", "version": number, "by": "Ünal"})
    lines = stored(tmp_path)
    assert "line 2: does not follow" in changed(tmp_path, [stored(other)[0], *lines[1:]])
    assert "line 4: is not the one that history.head tells of" in changed(tmp_path, stored(other))


def test_every_single_bit_that_flips_is_found(history: History, tmp_path: Path) -> None:
    path = tmp_path / HISTORY
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == 0x0A]
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        line = sum(end < place for end in ends) + 1
        with pytest.raises(HistoryError, match=f"line {line}: "):
            history.entries()


@pytest.mark.parametrize(("old", "new"), [(b"4 ", b"x4 "), (b"4 ", b"2 "), (b"4 ", b"5 "), (b"\n", b"")])
def test_a_changed_head_is_found(history: History, tmp_path: Path, old: bytes, new: bytes) -> None:
    head = tmp_path / HEAD
    head.write_bytes(head.read_bytes().replace(old, new, 1))
    with pytest.raises(HistoryError, match=HEAD):
        history.entries()
    head.unlink()
    with pytest.raises(HistoryError, match="is missing"):
        history.entries()


def test_a_line_that_its_writer_did_not_finish_is_written_over(history: History, tmp_path: Path) -> None:
    with (tmp_path / HISTORY).open("ab") as file:
        file.write(b'{"time": "2026-')
    assert len(history.entries()) == 4
    history.append({"action": "rollback"})
    assert [line.content["action"] for line in history.entries()][-2:] == ["publish", "rollback"]


def test_a_writer_that_died_before_the_head_leaves_a_whole_history(history: History, tmp_path: Path) -> None:
    head = (tmp_path / HEAD).read_bytes()
    history.append({"action": "rollback"})
    (tmp_path / HEAD).write_bytes(head)
    assert len(history.entries()) == 5
    history.append({"action": "rollback"})
    assert len(history.entries()) == 6


def test_nothing_is_appended_to_a_history_that_is_not_whole(history: History, tmp_path: Path) -> None:
    before = (tmp_path / HISTORY).read_bytes().replace(b'"version": 2', b'"version": 7')
    (tmp_path / HISTORY).write_bytes(before)
    with pytest.raises(HistoryError, match="line 3: was changed"):
        history.append({"action": "promote"})
    assert (tmp_path / HISTORY).read_bytes() == before


def test_a_full_disk_leaves_the_history_as_it_was(small_disk: Path) -> None:
    history = History(small_disk)
    history.append({"action": "publish"})
    before = (small_disk / HISTORY).read_bytes()
    with (small_disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(HistoryError, match="can't be written"):
        history.append({"action": "promote", "reason": "x" * 8000})
    assert (small_disk / HISTORY).read_bytes() == before
    (small_disk / "ballast").unlink()
    history.append({"action": "promote"})
    assert len(history.entries()) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from registry.history import History
history = History(Path(sys.argv[1]))
left = int(sys.argv[2])
def dying(real):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call
for name in ("pwrite", "fsync", "ftruncate", "rename", "open"):
    setattr(os, name, dying(getattr(os, name)))
history.append({"action": "promote"})
"""


@pytest.mark.slow
def test_a_kill_at_any_step_of_an_append_leaves_a_whole_history(tmp_path: Path) -> None:
    steps = 0
    while True:
        folder = tmp_path / str(steps)
        folder.mkdir()
        History(folder).append({"action": "publish"})
        done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(steps)], check=False)
        assert len(History(folder).entries()) in ((1, 2) if done.returncode else (2,))
        History(folder).append({"action": "rollback"})
        assert History(folder).entries()[-1].content["action"] == "rollback"
        if done.returncode == 0:
            break
        steps += 1
    assert steps > 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_back(tmp_path: Path, text: str) -> None:
    for name in (HISTORY, HEAD):
        (tmp_path / name).unlink(missing_ok=True)
    History(tmp_path).append({"reason": text})
    assert History(tmp_path).entries()[0].content["reason"] == text
    assert os.listdir(tmp_path).count(HISTORY) == 1
