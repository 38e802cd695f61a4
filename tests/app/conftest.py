"""One application for all tests of a module, and registries with two versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import Settings
from registry import VersionStore
from registry.promotion import promote
from tests.app.requests import ANN, logged, make_champion
from tests.conftest import TRICKY, WORSE, publish

NewRows = Callable[[str], list[dict[str, str]]]


class Clock:
    """A clock that a test sets, in seconds."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("shared")
    publish(folder / "models")
    return Settings(models=folder / "models", logs=folder / "logs")


@pytest.fixture(scope="module")
def shared_client(shared_settings: Settings) -> Iterator[FlaskClient]:
    """A client of one application for the tests of a module that leave its versions as they are."""
    app = create_app(shared_settings)
    app.testing = True
    yield app.test_client()
    app.extensions["router"].close()


@pytest.fixture
def new_rows(shared_settings: Settings) -> NewRows:
    """Reads the rows of a stream that the shared application has logged since the test began, or the last call."""
    counts = {stream: len(logged(shared_settings, stream)) for stream in ("requests", "predictions")}

    def read(stream: str) -> list[dict[str, str]]:
        rows = logged(shared_settings, stream)[counts[stream] :]
        counts[stream] += len(rows)
        return rows

    return read


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
