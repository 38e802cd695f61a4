"""Each change is in the history and in aliases.json, whatever ends the process in between."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from registry import Actor, NotPublishedError, RegistryError, ReleaseError, VersionStore, find_inconsistencies
from registry.aliases import ALIASES, ALIASES_MAX_AGE, AliasStore
from registry.history import History
from registry.promotion import canary, clear, promote, rollback, shadow
from tests.conftest import publish
from tests.e2e.server import wait_until
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


def test_a_change_is_older_than_any_look_at_the_aliases_when_its_command_returns(store: VersionStore) -> None:
    shadow(store, 2, ANN)
    changed = (store.folder / ALIASES).stat().st_ctime_ns
    assert time.time_ns() - changed >= ALIASES_MAX_AGE * 1e9


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
    with pytest.raises(RegistryError, match="has 0 lines.*or remove history.head and begin a new history"):
        promote(store, 1, "fallback", ANN)
    (store.folder / "history.head").unlink()
    store = VersionStore(store.folder.parent, "boston")  # as another process
    faults = list(find_inconsistencies(store.aliases))
    assert "the history is gone; restore it, or begin a new history with `registry adopt`" in faults[0]
    assert ["is not in the history; if you trust it" in fault for fault in faults[1:]] == [True] * 3
    with pytest.raises(RegistryError, match="the history is gone; restore it, or begin a new history"):
        promote(store, 3, "champion", ANN)
    assert store.aliases.import_existing(Actor("ann", "the disk failed")) == [1, 2, 3]
    promote(store, 3, "champion", ANN)
    entries = [(entry.content["action"], entry.content["reason"]) for entry in store.history.entries()]
    assert entries == [
        *((action, "the disk failed") for action in ("adopt", "adopt", "retire", "adopt")), ("promote", "looks good")
    ]  # fmt: skip
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_change_that_was_not_finished_leaves_the_old_aliases_in_use_and_is_named(store: VersionStore) -> None:
    path = store.folder / "aliases.json"
    old = path.read_text()
    shadow(store, 2, ANN)
    new = path.read_text()
    path.write_text(old)  # as a command leaves it that died before its last step
    aliases, fault = VersionStore(store.folder.parent, "boston").aliases.in_use()
    assert aliases == {"challenger": 2, "champion": 1}
    assert fault.endswith("a command has not finished this change: the next one that changes something does")
    assert list(find_inconsistencies(VersionStore(store.folder.parent, "boston").aliases)) == [fault]
    path.write_text(new)
    assert store.aliases.in_use() == ({"challenger": 2, "champion": 1, "shadow": 2}, "")
    path.write_text(old)
    with pytest.raises(RegistryError, match="changed by hand"):  # it was finished, and then undone
        store.aliases.in_use()


def test_whoever_reads_in_the_middle_of_a_change_waits_for_its_end(store: VersionStore) -> None:
    written, aliases = threading.Event(), store.aliases

    def replace_late(values: Mapping[str, int]) -> None:
        written.wait(30)
        AliasStore._write_aliases(aliases, values)

    with ThreadPoolExecutor() as pool, pytest.MonkeyPatch.context() as patch:
        patch.setattr(aliases, "_write_aliases", replace_late)
        writer = pool.submit(shadow, store, 2, ANN)
        wait_until(lambda: len(History(store.folder).entries()) == 3, "the line")
        reader = pool.submit(VersionStore(store.folder.parent, "boston").aliases.in_use)
        written.set()
        assert reader.result() == ({"challenger": 2, "champion": 1, "shadow": 2}, "")
        writer.result()


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


ACTIONS: dict[str, Callable[[VersionStore], object]] = {
    "promote": lambda store: promote(store, 3, "champion", ANN),
    "canary": lambda store: canary(store, 3, 0.5, ANN),
    "clear": lambda store: clear(store, "shadow", ANN),
    "rollback": lambda store: rollback(store, ANN),
    "retire": lambda store: store.aliases.retire(4, ANN),
    "publish": lambda store: publish(store.folder.parent),
}


def _step(left: Iterator[int], call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call, or kill this process if no step is left."""
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*arguments, **options)


def _act_and_die(action: str, models: Path, steps: int) -> None:
    """Kill this process after so many steps of an action."""
    left = iter(range(steps))
    for name in ("open", "pwrite", "fsync", "ftruncate", "rename"):
        setattr(os, name, partial(_step, left, getattr(os, name)))
    ACTIONS[action](VersionStore(models, "boston"))


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_a_kill_at_any_step_leaves_the_old_state_or_one_that_the_next_command_finishes(
    tmp_path: Path, action: str
) -> None:
    origin = tmp_path / "origin"
    store = publish_versions(origin, 4)
    promote(store, 2, "champion", ANN)
    shadow(store, 3, ANN)
    clear(store, "challenger", ANN)
    before, count_before = store.aliases.read(), len(store.history.entries())
    context = multiprocessing.get_context("forkserver")  # imports once what each child needs
    context.set_forkserver_preload([__name__])
    seen = set()
    for steps in count():
        models = tmp_path / str(steps)
        shutil.copytree(origin, models)
        child = context.Process(target=_act_and_die, args=(action, models, steps))
        child.start()
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)
        store = VersionStore(models, "boston")
        entries = store.history.entries()
        latest = entries[-1].content
        begun = len(entries) > count_before
        assert len(entries) - count_before == begun
        assert latest["action"] == (action if begun else "clear")
        assert store.aliases.read() in (before, latest["aliases"])
        in_use, fault = store.aliases.in_use()  # what a service goes by
        assert (in_use, bool(fault)) == (store.aliases.read(), in_use != latest["aliases"])
        assert store.open(in_use["champion"]).number in (1, 2, 3)
        seen.add((begun, store.aliases.read() == latest["aliases"], 4 in store.versions()))
        promote(store, 1, "fallback", BOB)  # finishes what was begun
        assert store.aliases.read() == {**latest["aliases"], "fallback": 1}
        assert (4 in store.versions()) == (not begun or action != "retire")
        assert (5 in store.versions()) == (begun and action == "publish")
        assert list(find_inconsistencies(store.aliases)) == []
        if child.exitcode == 0:
            break
    assert steps > 5
    assert (False, True, True) in seen  # nothing was begun
    assert (True, True, action != "retire") in seen  # it is done
    # In between, the entry is there, and its action is not carried out yet.
    assert (True, True, True) in seen if action == "retire" else (True, False, True) in seen
