"""Each change is in the history and in aliases.json, whatever ends the process in between."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from registry import Actor, NotPublishedError, RegistryError, ReleaseError, VersionStore, find_inconsistencies
from registry.promotion import clear, promote, shadow
from tests.conftest import publish
from tests.registry.conftest import ANN, BOB, publish_versions, retire


def test_a_retired_version_keeps_its_files_and_its_number_and_answers_nobody(store: VersionStore) -> None:
    with pytest.raises(ReleaseError, match="version 2 is challenger: give that to another version first"):
        store.aliases.retire(2, ANN)
    retire(store)
    assert store.versions() == [1]
    assert store.check(2).digest
    for act in (lambda: promote(store, 2, "champion", ANN), lambda: shadow(store, 2, ANN)):
        with pytest.raises(NotPublishedError, match="version 2 is retired"):
            act()
    assert publish(store.folder.parent) == 3


@pytest.mark.parametrize("sealed", [False, True], ids=["last entry", "before a seal"])
def test_the_aliases_are_what_the_history_says(store: VersionStore, sealed: bool) -> None:
    def seal() -> None:
        if sealed:
            store.history.append({"action": "seal", "by": "ann", "file": "x", "rows": 0, "sha256": "0"})

    path = store.folder / "aliases.json"
    seal()
    path.unlink()
    shadow(store, 2, ANN)  # a missing file is written again
    assert store.aliases.read() == {"challenger": 2, "champion": 1, "shadow": 2}
    seal()
    path.write_text('{"champion": 2}')
    with pytest.raises(RegistryError, match="it was changed by hand"):
        promote(store, 2, "champion", ANN)
    (fault,) = find_inconsistencies(store.aliases)
    assert 'says {"champion": 2}, and the history says {"challenger": 2, "champion": 1, "shadow": 2}' in fault


def test_a_lost_history_is_a_fault_and_is_begun_again_only_by_import_existing(store: VersionStore) -> None:
    retire(store)
    publish(store.folder.parent)
    (store.folder / "history.jsonl").unlink()
    with pytest.raises(RegistryError, match="line 1: is gone.*or remove history.head and begin another one"):
        promote(store, 1, "fallback", ANN)
    (store.folder / "history.head").unlink()
    assert ["does not tell of version" in fault for fault in find_inconsistencies(store.aliases)] == [True] * 3
    with pytest.raises(RegistryError, match="the history is gone; restore it, or begin another one"):
        promote(store, 3, "champion", ANN)
    assert store.aliases.import_existing(Actor("ann", "the disk failed")) == [1, 2, 3]
    promote(store, 3, "champion", ANN)
    entries = [(entry.content["action"], entry.content["reason"]) for entry in store.history.entries()]
    assert entries == [
        *((action, "the disk failed") for action in ("adopt", "adopt", "retire", "adopt")), ("promote", "looks good")
    ]  # fmt: skip
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_version_whose_publisher_died_before_its_entry_is_added_to_the_history(store: VersionStore) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3")
    shadow(store, 2, ANN)
    (store.folder / "4").mkdir()
    (store.folder / "4" / "SHA256SUMS").touch()
    shadow(store, 3, ANN)  # what is no version is not added
    assert [entry.content["action"] for entry in store.history.entries()][2:] == ["adopt", "shadow", "shadow"]


@pytest.mark.parametrize("missing", ["model.tflite", "SHA256SUMS"])
def test_a_folder_that_was_half_copied_gets_no_alias_and_blocks_nothing(store: VersionStore, missing: str) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3", ignore=shutil.ignore_patterns(missing))
    with pytest.raises(RegistryError, match=rf"3.*{missing}"):
        promote(store, 3, "champion", ANN)
    assert store.aliases.read()["champion"] == 1
    promote(store, 2, "champion", ANN)
    assert publish(store.folder.parent) == 4


def test_a_line_whose_head_can_not_be_written_is_taken_back(store: VersionStore) -> None:
    before = (store.folder / "history.jsonl").read_bytes()
    obstacle = store.folder / "history.head.new"
    obstacle.mkdir()
    with pytest.raises(RegistryError, match=r"history\.head: can't be written"):
        promote(store, 2, "champion", ANN)
    assert (store.folder / "history.jsonl").read_bytes() == before
    obstacle.rmdir()
    assert not clear(store, "shadow", ANN)
    assert store.aliases.read()["champion"] == 1


def test_a_command_waits_for_another_one_but_only_for_its_time_limit(store: VersionStore) -> None:
    with (store.folder / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RegistryError, match=r"\.lock: another command holds it for 0\.2 s; nothing was done"):
            clear(store, "challenger", ANN, timeout=0.2)
    assert clear(store, "challenger", ANN)


def test_a_full_disk_refuses_a_promotion_and_leaves_the_champion(small_disk: Path) -> None:
    store = publish_versions(small_disk, 2)
    before = (store.folder / "history.jsonl").read_bytes()
    with suppress(OSError):
        (small_disk / "ballast").write_bytes(b"x" * (1 << 20))
    with pytest.raises(RegistryError, match="can't be written"):
        promote(store, 2, "champion", Actor("ann", "x" * 5000))
    assert store.aliases.read()["champion"] == 1
    assert (store.folder / "history.jsonl").read_bytes() == before
    assert list(find_inconsistencies(store.aliases)) == []
    (small_disk / "ballast").unlink()
    promote(store, 2, "champion", ANN)
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_read_only_folder_is_one_clear_sentence(small_disk: Path) -> None:
    store = publish_versions(small_disk, 2)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RegistryError, match=r"\.lock: can't be written \(Read-only file system\); nothing was done"):
        promote(store, 2, "champion", ANN)


STEPS = """
import os, shutil, signal, sys
from pathlib import Path
from registry import VersionStore, Actor
from registry.promotion import canary, clear, promote, rollback
origin, folder, action = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
ANN = Actor("ann", "why")
def dying(call, steps):
    def step(*arguments, **options):
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return step
status, step = 1, 0
while status:
    models = folder / str(step)
    shutil.copytree(origin, models)
    if os.fork() == 0:  # one step later each time, until it gets to the end
        steps = iter(range(step))
        for name in ("open", "pwrite", "fsync", "ftruncate", "rename"):
            setattr(os, name, dying(getattr(os, name), steps))
        store = VersionStore(models, "boston")
        exec(action)
        os._exit(0)
    status = os.wait()[1]
    assert status in (0, signal.SIGKILL), status
    step += 1
print(step)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("promote", 'promote(store, 3, "champion", ANN)'),
        ("canary", "canary(store, 3, 0.5, ANN)"),
        ("clear", 'clear(store, "shadow", ANN)'),
        ("rollback", "rollback(store, ANN)"),
        ("retire", "store.aliases.retire(4, ANN)"),
    ],
)
def test_a_kill_at_any_step_leaves_the_old_state_or_one_that_the_next_command_finishes(
    tmp_path: Path, action: str, call: str
) -> None:
    origin = tmp_path / "origin"
    store = publish_versions(origin, 4)
    promote(store, 2, "champion", ANN)
    shadow(store, 3, ANN)
    clear(store, "challenger", ANN)
    command = [sys.executable, "-c", STEPS, str(origin), str(tmp_path), call]
    steps = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert steps > 5
    before, count = store.aliases.read(), len(store.history.entries())
    seen = set()
    for step in range(steps):
        store = VersionStore(tmp_path / str(step), "boston")
        entries = store.history.entries()
        latest = entries[-1].content
        begun = len(entries) > count
        assert len(entries) - count == begun
        assert latest["action"] == (action if begun else "clear")
        assert store.aliases.read() in (before, latest["aliases"])
        assert store.open(store.aliases.read()["champion"]).number in (1, 2, 3)
        seen.add((begun, store.aliases.read() == latest["aliases"], 4 in store.versions()))
        promote(store, 1, "fallback", BOB)  # finishes what was begun
        assert store.aliases.read() == {**latest["aliases"], "fallback": 1}
        assert (4 in store.versions()) == (not begun or action != "retire")
        assert list(find_inconsistencies(store.aliases)) == []
    assert (False, True, True) in seen  # nothing was begun
    assert (True, True, action != "retire") in seen  # it is done
    # In between, the entry is there, and its action is not carried out yet.
    assert (True, True, True) in seen if action == "retire" else (True, False, True) in seen
