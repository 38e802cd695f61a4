"""Two versions of one model, and a champion that fails with some rows and has a fallback."""

from __future__ import annotations

import pytest

from app.settings import Settings
from registry import VersionStore
from registry.promotion import promote
from tests.app.requests import ANN, make_champion
from tests.conftest import TRICKY, WORSE, publish


@pytest.fixture
def store(settings: Settings) -> VersionStore:
    """Version 1 is champion; 2 answers 10 more."""
    publish(settings.models, model_file=WORSE)
    return VersionStore(settings.models, "boston")


@pytest.fixture
def tricky(settings: Settings) -> VersionStore:
    """A champion, version 2, that fails with some rows, and a fallback, version 1."""
    store = VersionStore(settings.models, "boston")
    publish(settings.models, model_file=TRICKY)
    make_champion(store, 2)
    promote(store, 1, "fallback", ANN)
    return store
