"""Clients of the service that also read its log, for one test or for a module; registries with two versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
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
    """A client of an application, which also reads the application's log."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        super().__init__(app, app.response_class)
        self.settings = settings
        self._counts: Counter[str] = Counter()

    def new_rows(self, stream: str) -> list[dict[str, str]]:
        """Return the rows of a stream since the test began, or since the last call."""
        rows = logged(self.settings, stream)[self._counts[stream] :]
        self._counts[stream] += len(rows)
        return rows

    def check_error(self, reply: TestResponse, status: int, text: str, *members: str) -> None:
        """Check an error's status, members and message, and the request's one row."""
        assert (reply.status_code, tuple(reply.json)) == (status, members or ("error",))
        message = reply.json["message" if "message" in members else "error"]
        assert text in message
        assert [(row["status"], row["error"]) for row in self.new_rows("requests")] == [(str(status), message)]

    def check_page_error(self, path: str, status: int, text: str) -> None:
        """Check that a GET is refused with a status and a message, and that it leaves no row."""
        reply = self.get(path)
        assert (reply.status_code, self.new_rows("requests")) == (status, []), path
        assert text in reply.json["error"]


MakeClient = Callable[..., Service]


@pytest.fixture
def make_client(make_app: Callable[..., Flask], settings: Settings) -> MakeClient:
    """Makes a client of an application of its own, with some settings or edges (now, write) replaced."""
    return lambda **changes: Service(make_app(**changes), settings)


@pytest.fixture
def client(make_client: MakeClient) -> Service:
    """A client of an application of its own, over the published model."""
    return make_client()


@pytest.fixture
def empty_service(make_client: MakeClient, tmp_path: Path) -> Service:
    """A client of a service without a model."""
    return make_client(models=tmp_path / "empty")


@pytest.fixture(scope="module")
def make_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeClient]:
    """Makes a client that the tests of a module share, over one published model and a log of its own."""
    models, made = tmp_path_factory.mktemp("shared") / "models", []
    publish(models)

    def make(**changes: Any) -> Service:
        settings = Settings(models=models, logs=tmp_path_factory.mktemp("logs"), **changes)
        app = create_app(settings)
        app.testing = True
        made.append(app)
        return Service(app, settings)

    yield make
    for app in made:
        app.extensions["router"].close()


@pytest.fixture(scope="module")
def shared_service(make_shared: MakeClient) -> Service:
    return make_shared()


@pytest.fixture
def service(shared_service: Service) -> Service:
    """The client that all tests of a module share; they leave its versions unchanged."""
    for stream in ("requests", "predictions"):
        shared_service.new_rows(stream)
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
