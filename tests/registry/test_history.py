"""history.jsonl: every change to it is found and named, and a writer that dies does no harm."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import HistoryError
from registry import history as history_module
from registry.history import HEAD, HISTORY, History
from tests.conftest import as_user
from tests.registry.conftest import edit, flip_bits

ENTRY = {"action": "publish", "version": 1, "by": "Ünal", "sha256": "f" * 64}


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A history of four lines."""
    history = History(tmp_path)
    for number in range(4):
        history.append({**ENTRY, "version": number, "reason": 'a "reason"\nof two lines'})
    return history


def fault(folder: Path, lines: list[bytes]) -> str:
    """Return the error of a history that has these lines instead."""
    (folder / HISTORY).write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(HistoryError) as caught:
        History(folder).entries()
    return str(caught.value)


def stored(folder: Path) -> list[bytes]:
    return (folder / HISTORY).read_bytes().splitlines()


def test_the_next_user_of_the_same_group_goes_on_in_the_same_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.chown(tmp_path, -1, 54321)
    tmp_path.chmod(0o770)
    for user in (12345, 23456):
        with as_user(user, group=54321, umask=0o002):
            History(Path()).append(ENTRY)
    assert len(History(tmp_path).entries()) == 2


def test_what_was_written_is_read_back_in_order(history: History) -> None:
    entries = history.entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert [entry.content["version"] for entry in entries] == [0, 1, 2, 3]
    assert entries[0].content["by"] == "Ünal"
    assert [entry.content["previous"] for entry in entries[1:]] == [entry.digest for entry in entries[:-1]]


@pytest.mark.parametrize(
    ("order", "line"), [("234", 1), ("134", 2), ("124", 3), ("2134", 1), ("1324", 2), ("1243", 3), ("4231", 1)]
)
def test_lines_that_were_removed_or_moved_are_named(history: History, tmp_path: Path, order: str, line: int) -> None:
    lines = stored(tmp_path)
    message = f"line {line}: does not follow the line before it"
    assert message in fault(tmp_path, [lines[int(number) - 1] for number in order])


def test_removed_last_lines_are_named(history: History, tmp_path: Path) -> None:
    one_less, none = fault(tmp_path, stored(tmp_path)[:3]), fault(tmp_path, [])
    assert one_less.endswith("has 3 lines, and history.head says 4: lines were removed; restore it")
    assert "has 0 lines, and history.head says 4: lines were removed; restore it, or remove history.head and" in none


def test_a_rewritten_line_with_a_right_checksum_does_not_fit_the_next(history: History, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    forged = History(other)
    for number in (9, 1, 2, 3):
        forged.append({**ENTRY, "version": number})
    lines = stored(tmp_path)
    assert "line 2: does not follow" in fault(tmp_path, [stored(other)[0], *lines[1:]])
    assert "line 4: history.head has another SHA-256 for it: one of the two was changed" in fault(
        tmp_path, stored(other)
    )


@pytest.mark.parametrize(
    ("action", "name"),
    [("clear", "by"), ("adopt", "sha256"), ("promote", "alias"), ("retire", "version"), ("canary", "share")],
)
def test_a_line_with_a_right_checksum_that_lacks_a_member_is_named(tmp_path: Path, action: str, name: str) -> None:
    whole = {**ENTRY, "action": action, "alias": "champion", "share": 0.05}
    History(tmp_path).append({member: value for member, value in whole.items() if member != name})
    with pytest.raises(HistoryError, match=f"line 1: {name} is missing or of a wrong type; restore the line"):
        History(tmp_path).entries()
    assert History(tmp_path).undamaged() == []


@pytest.mark.parametrize(
    "changes", [{"time": 1}, {"action": ["seal"]}, {"version": True}, {"aliases": {"champion": "1"}}]
)
def test_a_member_of_a_wrong_type_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    History(tmp_path).append({**ENTRY, **changes})
    with pytest.raises(HistoryError, match=f"line 1: {next(iter(changes))} is missing or of a wrong type"):
        History(tmp_path).entries()


def test_every_single_bit_that_flips_is_found(history: History, tmp_path: Path) -> None:
    whole = (tmp_path / HISTORY).read_bytes()
    for place in flip_bits(tmp_path / HISTORY):
        line = whole.count(b"\n", 0, place) + 1
        with pytest.raises(HistoryError, match=f"line {line}: " if place < len(whole) - 1 else "has 3 lines"):
            history.entries()


@pytest.mark.parametrize(("old", "new"), [(b"4 ", b"x4 "), (b"4 ", b"2 "), (b"4 ", b"5 "), (b"\n", b"")])
def test_a_changed_head_is_found(history: History, tmp_path: Path, old: bytes, new: bytes) -> None:
    edit(tmp_path / HEAD, old, new)
    with pytest.raises(HistoryError, match=HEAD):
        history.entries()
    (tmp_path / HEAD).unlink()
    with pytest.raises(HistoryError, match="is missing"):
        history.entries()


def test_a_line_that_its_writer_did_not_finish_is_written_over(history: History, tmp_path: Path) -> None:
    with (tmp_path / HISTORY).open("ab") as file:
        file.write(b'{"time": "2026-')
    assert len(history.entries()) == 4
    history.append({**ENTRY, "action": "rollback"})
    assert [entry.content["action"] for entry in history.entries()][-2:] == ["publish", "rollback"]


def test_nothing_is_appended_to_a_history_that_is_not_whole(history: History, tmp_path: Path) -> None:
    edit(tmp_path / HISTORY, b'"version": 2', b'"version": 7')
    before = (tmp_path / HISTORY).read_bytes()
    with pytest.raises(HistoryError, match="line 3: was changed"):
        history.append({"action": "promote"})
    assert (tmp_path / HISTORY).read_bytes() == before


def test_lines_that_were_read_once_are_missed_when_they_are_gone(history: History, tmp_path: Path) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (tmp_path / HISTORY, tmp_path / HEAD)}

    older = files()
    history.append({**ENTRY, "action": "rollback"})
    newer = files()
    history.entries()
    for head_first in (False, True):
        for path, content in sorted(older.items(), reverse=head_first):
            path.write_bytes(content)
            with suppress(HistoryError):
                history.entries()
        assert len(History(tmp_path).entries()) == 4  # it is whole, for who did not know better
        with pytest.raises(HistoryError, match="lacks lines that this process has read before; restore them"):
            history.entries()
        for path, content in newer.items():
            path.write_bytes(content)
        assert len(history.entries()) == 5


def test_only_added_lines_are_checked_again(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.entries()
    numbers: list[int] = []
    decode = history_module.decode
    monkeypatch.setattr(history_module, "decode", lambda number, text: numbers.append(number) or decode(number, text))
    history.append({**ENTRY, "action": "rollback"})
    assert [entry.number for entry in history.entries()] == [1, 2, 3, 4, 5]
    history.entries()
    assert numbers == [5]


def test_a_line_that_was_taken_back_before_its_head_was_written_is_not_missed(history: History, tmp_path: Path) -> None:
    whole = (tmp_path / HISTORY).read_bytes()
    other = tmp_path / "other"
    shutil.copytree(tmp_path, other)
    History(other).append({**ENTRY, "action": "rollback"})
    (tmp_path / HISTORY).write_bytes((other / HISTORY).read_bytes())
    assert len(history.entries()) == 5
    (tmp_path / HISTORY).write_bytes(whole)
    assert len(history.entries()) == 4


def test_a_thread_that_another_overtakes_misses_no_line(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = history._read

    def read_slowly() -> bytes:
        data = read()
        monkeypatch.undo()
        History(tmp_path).append({**ENTRY, "action": "rollback"})
        assert len(history.entries()) == 5
        return data

    history.entries()
    monkeypatch.setattr(history, "_read", read_slowly)
    assert len(history.entries()) == 4
    assert len(history.entries()) == 5


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_back(tmp_path: Path, text: str) -> None:
    History(tmp_path).append({**ENTRY, "reason": text})
    assert History(tmp_path).entries()[-1].content["reason"] == text
