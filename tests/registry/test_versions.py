"""Publish, check and open versions, on real folders."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import stat
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from registry import (
    Actor,
    HistoryError,
    IntegrityError,
    NotPublishedError,
    PublishError,
    RegistryError,
    VersionStore,
)
from registry.promotion import promote, shadow
from tests.conftest import HOUSES, publish
from tests.registry.conftest import edit, forge, retire


def test_the_first_version_is_champion_later_ones_are_challenger_and_the_history_says_so(store: VersionStore) -> None:
    assert store.aliases.read() == {"challenger": 2, "champion": 1}
    first, second = (entry.content for entry in store.history.entries())
    assert (first["action"], first["version"], first["alias"], first["by"]) == ("publish", 1, "champion", "tests")
    assert (second["version"], second["alias"], second["aliases"]) == (2, "challenger", store.aliases.read())
    assert [first["sha256"], second["sha256"]] == [store.check(number).digest for number in (1, 2)]
    publish(store.folder.parent)
    assert store.versions() == [1, 2, 3]
    assert store.aliases.read() == {"challenger": 3, "champion": 1}


@pytest.mark.parametrize("umask", [0o022, 0o002])
def test_the_umask_says_who_may_read_and_write_a_version(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        number = publish(tmp_path)
    finally:
        os.umask(before)
    folder = tmp_path / "boston" / str(number)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~umask
    assert stat.S_IMODE((folder / "SHA256SUMS").stat().st_mode) == 0o666 & ~umask


def test_a_model_without_versions_says_how_to_get_one(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, "boston")
    assert store.versions() == []
    with pytest.raises(NotPublishedError, match="no version is champion yet; `make train`"):
        store.number_of("champion")
    with pytest.raises(NotPublishedError, match="version 7 is not published"):
        store.open(7)


@pytest.mark.parametrize("text", ["", "[]", '{"champion": "1"}', '{"champion": true}', "[" * 100_000])
def test_damaged_aliases_are_named(store: VersionStore, text: str) -> None:
    (store.folder / "aliases.json").write_text(text)
    with pytest.raises(RegistryError, match="aliases.json: "):
        store.number_of("champion")


def test_other_inputs_need_another_model_name(store: VersionStore) -> None:
    with pytest.raises(PublishError, match=r"version 2 takes \(rm, tax, age\), this one \(tax, age\)"):
        publish(store.folder.parent, replace(HOUSES, inputs=HOUSES.inputs[1:]))
    assert store.versions() == [1, 2]
    assert not list(store.folder.glob(".staging-*"))


def test_what_will_keep_a_version_from_being_published_is_known_before(store: VersionStore) -> None:
    before = sorted(store.folder.iterdir())
    store.require_publishable(HOUSES)
    with pytest.raises(PublishError, match=r"version 2 takes \(rm, tax, age\), this one \(tax, age\)"):
        store.require_publishable(replace(HOUSES, inputs=HOUSES.inputs[1:]))
    with store.aliases.write_lock(), pytest.raises(RegistryError, match="another command holds it"):
        store.require_publishable(HOUSES, timeout=0.01)
    assert sorted(store.folder.iterdir()) == before
    (store.folder / ".lock").unlink()
    (store.folder / ".lock").mkdir()
    with pytest.raises(RegistryError, match=r"\.lock: can't be written"):
        store.require_publishable(HOUSES)
    (store.folder / ".lock").rmdir()
    (store.folder / "history.jsonl").unlink()
    with pytest.raises(RegistryError, match="history.jsonl: has 0 lines"):
        store.require_publishable(HOUSES)


def test_the_first_version_of_a_model_is_publishable_and_leaves_no_folder(tmp_path: Path) -> None:
    VersionStore(tmp_path / "models", "boston").require_publishable(HOUSES)
    assert list(tmp_path.iterdir()) == []


def test_a_version_of_another_model_is_not_published_here(store: VersionStore) -> None:
    with store.staging() as folder:
        (folder / "signature.json").write_text(json.dumps(replace(HOUSES, model="other").to_json()))
        with pytest.raises(PublishError, match="of other, not of boston"):
            store.publish(folder, Actor("tests"))


def test_what_is_no_version_is_left_alone_and_blocks_no_publication(store: VersionStore) -> None:
    for name in ("01", "x", ".staging-dead", "2.old"):
        (store.folder / name).mkdir()
    assert store.versions() == [1, 2]
    (store.folder / "7").mkdir()  # has a number, but no files
    assert publish(store.folder.parent) == 8


@pytest.mark.slow
def test_publications_at_the_same_time_get_different_numbers(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        numbers = list(pool.map(publish, [tmp_path] * 15))
    store = VersionStore(tmp_path, "boston")
    assert sorted(numbers) == store.versions() == list(range(1, 16))
    assert store.aliases.read()["champion"] == 1
    for number in store.versions():
        store.check(number)


def test_a_version_is_readable_for_a_server_that_runs_as_someone_else(store: VersionStore) -> None:
    assert (store.folder / "1").stat().st_mode & 0o055 == 0o055


def test_staging_leaves_nothing_behind(store: VersionStore) -> None:
    with pytest.raises(KeyboardInterrupt), store.staging() as folder:  # noqa: PT012 - the block is what is interrupted
        (folder / "half").write_text("x")
        raise KeyboardInterrupt
    assert not folder.exists()


def test_no_version_is_opened_under_a_damaged_history_and_an_audit_goes_by_its_sound_lines(store: VersionStore) -> None:
    edit(store.folder / "history.jsonl", b"challenger", b"chaIIenger")
    for number in (1, 2):
        with pytest.raises(HistoryError, match="line 2: was changed"):
            store.open(number)
        assert store.check(number, tolerant=True).digest
    forge(store, 1)
    with pytest.raises(IntegrityError, match="is not what was published as version 1"):
        store.check(1, tolerant=True)


def test_a_copied_folder_is_no_version_until_somebody_adopts_it(store: VersionStore) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3")
    shadow(store, 2, Actor("ann"))  # no command takes it in by the way
    for act in (VersionStore.open, VersionStore.check, partial(promote, alias="champion", actor=Actor("ann"))):
        with pytest.raises(IntegrityError, match="version 3 is not in the history; if you trust it, `registry adopt`"):
            act(store, 3)
    assert store.aliases.import_existing(Actor("ann", "from the old server")) == [3]
    assert store.open(3).number == 3


def test_a_retired_version_that_was_moved_back_is_not_opened(store: VersionStore) -> None:
    retire(store)
    (store.folder / "retired" / "2").rename(store.folder / "2")
    with pytest.raises(NotPublishedError, match="version 2 is retired; move this folder to retired, or take it away"):
        store.open(2)


def test_a_publication_that_can_not_be_written_down_leaves_no_version(store: VersionStore) -> None:
    obstacle = store.folder / "history.head.new"
    obstacle.mkdir()
    with pytest.raises(HistoryError, match=r"history\.head: can't be written"):
        publish(store.folder.parent)
    obstacle.rmdir()
    assert sorted(path.name for path in store.folder.iterdir() if path.is_dir()) == ["1", "2"]
    assert publish(store.folder.parent) == 3
