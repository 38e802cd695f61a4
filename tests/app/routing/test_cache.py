"""The cache: versions are loaded when asked for, the last of them stay, and a fault is tried again after a while."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ModelNotReady
from app.routing.cache import TIMEOUT, ModelCache
from app.settings import Settings
from registry import Runtime, Version, VersionStore
from tests.conftest import HOUSES, LINEAR, ODD, adopt, publish
from tests.e2e.server import wait_until


def test_only_the_versions_that_were_asked_for_last_stay_loaded(settings: Settings) -> None:
    for _ in range(4):
        publish(settings.models)
    settings = replace(settings, max_versions=2)
    cache = ModelCache(settings, settings.store(), lambda _: None)
    cache.get(1)
    cache.pin({1})
    for number in (2, 3, 2, 4):
        assert cache.get(number).number == number
    assert [status.number for status in cache.statuses() if status.loaded] == [1, 2, 4]
    assert cache.get(3).number == 3


def test_a_model_file_that_does_not_fit_its_signature_is_not_loaded(tmp_path: Path) -> None:
    adopt(tmp_path, LINEAR, replace(HOUSES, inputs=HOUSES.inputs[:2]))
    settings = Settings(models=tmp_path)
    with pytest.raises(ModelNotReady, match="does not predict"):
        ModelCache(settings, settings.store(), lambda _: None).get(1)


def test_whatever_a_runtime_raises_when_it_opens_a_version_is_a_fault_of_the_version(settings: Settings) -> None:
    number = adopt(settings.models, ODD)
    cache = ModelCache(settings, settings.store(), lambda _: None)
    with pytest.raises(ModelNotReady, match="can't open the model .*IndexError"):
        cache.get(number)
    assert "IndexError" in cache.statuses()[1].fault


class Stalled(VersionStore):
    """A store whose version 2 is on a disk that does not answer for a while."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.models, settings.model)
        self.answers = threading.Event()
        self.opened: list[int] = []

    def open(self, number: int, runtime: Runtime = "litert") -> Version:
        self.opened.append(number)
        if number == 2:
            assert self.answers.wait(30)
        return super().open(number, runtime)


def test_a_version_that_stalls_delays_only_who_asks_for_it_and_not_for_long(settings: Settings) -> None:
    for _ in range(2):
        publish(settings.models)
    store, now = Stalled(settings), 100.0
    cache = ModelCache(settings, store, lambda _: None, lambda: now)
    with pytest.raises(ModelNotReady, match="version 2 is being opened"):
        cache.get(2, timeout=0.01)
    now += TIMEOUT
    with pytest.raises(ModelNotReady, match="version 2 is being opened"):
        cache.get(2)  # at once
    assert [cache.get(number).number for number in (1, 3)] == [1, 3]
    cache.pin({1})
    assert [status.loaded for status in cache.statuses()] == [True, False, True]
    store.answers.set()
    assert cache.get(2, timeout=30).number == 2
    assert store.opened == [2, 1, 3]


def test_a_version_that_many_ask_for_at_once_is_loaded_once(settings: Settings) -> None:
    publish(settings.models)
    store = Stalled(settings)
    cache = ModelCache(settings, store, lambda _: None)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(cache.get, 2, 30) for _ in range(8)]
        wait_until(lambda: store.opened, "the version to be opened")
        store.answers.set()
        assert len({id(future.result()) for future in asked}) == 1
    assert store.opened == [2]


def test_versions_that_load_are_not_dropped_for_others(settings: Settings) -> None:
    """Else a client could have a stalled version opened again and again, each time in a thread that never ends."""
    for _ in range(3):
        publish(settings.models)
    store = Stalled(settings)
    cache = ModelCache(replace(settings, max_versions=1), store, lambda _: None)
    for number in (2, 1, 3, 4, 2):
        with suppress(ModelNotReady):
            cache.get(number, 30 if number != 2 else 0)
    assert store.opened == [2, 1, 3, 4]
    store.answers.set()


def test_the_loaded_versions_stay_while_the_models_folder_can_not_be_read(settings: Settings) -> None:
    cache = ModelCache(settings, settings.store(), lambda _: None)
    model = cache.get(1)
    settings.models.rename(settings.models.with_name("away"))
    settings.models.touch()
    cache.pin({1})
    assert cache.get(1) is model
