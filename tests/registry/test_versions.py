"""Publishing, aliases and integrity, on real folders."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import (
    Actor,
    IntegrityError,
    NotPublishedError,
    PublishError,
    RegistryError,
    VersionStore,
    find_inconsistencies,
)
from registry.predictor import LiteRT
from tests.conftest import HOUSES, TRICKY, publish


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    publish(tmp_path)
    return VersionStore(tmp_path, "boston")


def test_the_first_version_is_champion_and_later_ones_are_only_challenger(store: VersionStore, tmp_path: Path) -> None:
    assert store.aliases.read() == {"champion": 1}
    publish(tmp_path)
    publish(tmp_path)
    assert store.versions() == [1, 2, 3]
    assert store.aliases.read() == {"champion": 1, "challenger": 3}


def test_a_published_version_predicts(store: VersionStore) -> None:
    rows = np.array([[6, 250, 66.5], [7, 300, 50]], dtype=np.float32)
    predict = store.open(1).predictor.predict
    expected = rows @ np.array([8, -0.01, -0.03], dtype=np.float32) - 20
    assert predict(rows) == pytest.approx(expected, abs=1e-5)
    assert predict(rows[:1]) == pytest.approx(expected[:1], abs=1e-5)
    assert predict(rows).dtype == np.float32


def test_threads_that_share_a_predictor_each_get_their_own_predictions(store: VersionStore) -> None:
    predict = store.open(1).predictor.predict
    generator = np.random.default_rng(7)

    def ask(size: int) -> bool:
        rows = generator.uniform(0, 100, (size, 3)).astype(np.float32)
        expected = rows @ np.array([8, -0.01, -0.03], dtype=np.float32) - 20
        return np.allclose(predict(rows), expected, atol=1e-3)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [1, 1, 7, 1, 300, 2, 1, 5000] * 50))


def test_a_model_without_versions_says_how_to_get_one(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, "boston")
    assert store.versions() == []
    with pytest.raises(NotPublishedError, match="no version is champion yet; `make train`"):
        store.number_of("champion")
    with pytest.raises(NotPublishedError, match="version 7 is not published"):
        store.open(7)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (lambda folder: _flip(folder / "model.tflite"), "model.tflite was changed"),
        (lambda folder: (folder / "card.json").unlink(), "card.json is missing"),
        (lambda folder: (folder / "extra.py").write_text("x"), "extra.py was not published"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS: can't be read"),
        (lambda folder: (folder / "SHA256SUMS").write_text("x\n"), "SHA256SUMS, line 1: expected"),
        (lambda folder: (folder / "link").symlink_to("card.json"), "link: a version holds plain files"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe: a version holds plain files"),
    ],
)
def test_a_version_that_is_not_as_published_is_refused_by_name(
    store: VersionStore, harm: Callable[[Path], object], named: str
) -> None:
    harm(store.folder / "1")
    with pytest.raises(IntegrityError, match=named):
        store.open(1)


def test_every_fault_of_a_version_is_named_at_once(store: VersionStore) -> None:
    _flip(store.folder / "1" / "signature.json")
    (store.folder / "1" / "card.json").unlink()
    with pytest.raises(IntegrityError, match=r"card.json is missing; signature.json was changed; restore"):
        store.check(1)


def test_a_file_that_changes_after_the_check_is_refused_when_it_is_read(store: VersionStore) -> None:
    sealed = store.check(1)
    _flip(store.folder / "1" / "model.tflite")
    with pytest.raises(IntegrityError, match="model.tflite was changed"):
        sealed.read("model.tflite")


def test_a_file_that_was_not_published_is_never_read(store: VersionStore) -> None:
    with pytest.raises(IntegrityError, match="has no model.keras"):
        store.open(1, "keras")


def test_a_model_file_that_no_runtime_can_read_is_refused(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"no model")
    publish(tmp_path / "models", model_file=rubbish)
    with pytest.raises(RegistryError, match="litert can't open the model"):
        VersionStore(tmp_path / "models", "boston").open(1)


@pytest.mark.parametrize("text", ["", "[]", '{"champion": "1"}', '{"champion": true}', "[" * 100_000])
def test_damaged_aliases_are_named(store: VersionStore, text: str) -> None:
    (store.folder / "aliases.json").write_text(text)
    with pytest.raises(RegistryError, match="aliases.json: "):
        store.number_of("champion")


def test_other_inputs_need_another_model_name(store: VersionStore, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"version 1 takes \(rm, tax, age\), this one \(tax, age\)"):
        publish(tmp_path, replace(HOUSES, inputs=HOUSES.inputs[1:]))
    assert store.versions() == [1]
    assert not list(store.folder.glob(".staging-*"))


def test_a_version_of_another_model_is_not_published_here(store: VersionStore) -> None:
    with store.staging() as folder:
        (folder / "signature.json").write_text(json.dumps(replace(HOUSES, model="other").to_json()))
        with pytest.raises(PublishError, match="of other, not of boston"):
            store.publish(folder, Actor("tests"))


def test_what_is_no_version_is_left_alone(store: VersionStore) -> None:
    for name in ("01", "x", ".staging-dead", "2.old"):
        (store.folder / name).mkdir()
    assert store.versions() == [1]


def _publish_many(models: Path) -> None:
    for _ in range(5):
        publish(models)


@pytest.mark.slow
def test_publications_at_the_same_time_get_different_numbers(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_publish_many, args=(tmp_path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    store = VersionStore(tmp_path, "boston")
    assert store.versions() == list(range(1, 16))
    assert store.aliases.read()["champion"] == 1
    for number in store.versions():
        store.check(number)


def test_a_version_is_readable_for_a_server_that_runs_as_someone_else(store: VersionStore) -> None:
    assert (store.folder / "1").stat().st_mode & 0o055 == 0o055


def test_staging_leaves_nothing_behind(store: VersionStore) -> None:
    with pytest.raises(KeyboardInterrupt), store.staging() as folder:  # noqa: PT012
        (folder / "half").write_text("x")
        raise KeyboardInterrupt
    assert not folder.exists()
    shutil.rmtree(store.folder)


def test_a_model_that_failed_says_so_in_the_same_words_each_time_and_goes_on() -> None:
    model = LiteRT(TRICKY.read_bytes())
    said = set()
    for _ in range(3):
        with pytest.raises(RuntimeError, match="out of bounds") as caught:
            model.predict(np.array([[12.5, 250, 66.5]], dtype=np.float32))
        said.add(str(caught.value))
        assert model.predict(np.array([[6, 250, 66.5]], dtype=np.float32)) == pytest.approx(23.505, abs=1e-4)
    assert len(said) == 1


def test_a_bit_that_flips_anywhere_in_a_version_is_found_and_its_file_named(tmp_path: Path) -> None:
    publish(tmp_path)
    store = VersionStore(tmp_path, "boston")
    for path in sorted((store.folder / "1").iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
            found = list(find_inconsistencies(store.aliases))
            try:
                store.check(1)
            except IntegrityError as error:
                found.append(str(error))
            assert path.name in " ".join(found)
        path.write_bytes(whole)
    assert list(find_inconsistencies(store.aliases)) == []
