"""One application for all tests of a module, and registries with two versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.settings import Settings
from registry import VersionStore
from registry.promotion import promote
from tests.app.requests import ANN, logged, make_champion
from tests.conftest import TRICKY, WORSE, publish


class Clock:
    """A clock that a test sets, in seconds."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Service(FlaskClient):
    """A client of one application, shared by the tests of a module that leave its versions as they are."""

    settings: Settings

    def skip_rows(self) -> None:
        """Leave out the rows that are in the log so far."""
        self._counts = {stream: len(logged(self.settings, stream)) for stream in ("requests", "predictions")}

    def new_rows(self, stream: str) -> list[dict[str, str]]:
        """Return the rows of a stream since the test began, or since the last call."""
        rows = logged(self.settings, stream)[self._counts[stream] :]
        self._counts[stream] += len(rows)
        return rows

    def check_error(self, reply: TestResponse, status: int, text: str, *members: str) -> None:
        """Check an error's status and members, the last of which is its message, and the request's one row."""
        *_, name = members = members or ("error",)
        assert (reply.status_code, tuple(reply.json)) == (status, members)
        assert text in reply.json[name]
        assert [(row["status"], row["error"]) for row in self.new_rows("requests")] == [(str(status), reply.json[name])]


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("shared")
    publish(folder / "models")
    settings = Settings(models=folder / "models", logs=folder / "logs")
    app = create_app(settings)
    app.testing, app.test_client_class = True, Service
    service = app.test_client()
    assert isinstance(service, Service)
    service.settings = settings
    yield service
    app.extensions["router"].close()


@pytest.fixture
def service(shared_service: Service) -> Service:
    shared_service.skip_rows()
    return shared_service


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
