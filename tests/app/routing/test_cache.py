"""The cache: versions are loaded when asked for, the last of them stay, and a fault is tried again after a while."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ModelNotReady
from app.routing.cache import ModelCache
from app.settings import Settings
from tests.conftest import HOUSES, publish


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
    publish(tmp_path, replace(HOUSES, inputs=HOUSES.inputs[:2]))
    settings = Settings(models=tmp_path)
    with pytest.raises(ModelNotReady, match="does not predict"):
        ModelCache(settings, settings.store(), lambda _: None).get(1)
