"""The circuit breaker of a champion with a fallback."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.routing import circuit_breaker
from registry import VersionStore
from registry.promotion import shadow
from tests.app.requests import ANN, IMPLAUSIBLE, RAISES, ask, version
from tests.conftest import publish
from tests.e2e.server import wait_until


def test_a_champion_that_keeps_failing_is_not_asked_for_a_while_and_then_tried_again(
    tricky: VersionStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "RESET_TIMEOUT", 0.5)
    for _ in range(circuit_breaker.FAILURE_THRESHOLD):
        assert version(client, RAISES) == 1
    assert client.get("/health/ready").json["failing"] is True
    reply = ask(client)
    assert reply.json["version"] == 1
    assert "is not asked for a while, because it keeps failing" in reply.json["warnings"][0]
    wait_until(lambda: version(client) == 2, "the champion again", 3)
    assert "failing" not in client.get("/health/ready").json
    assert version(client) == 2


def test_what_nobody_can_answer_closes_no_champion_off(tricky: VersionStore, client: FlaskClient) -> None:
    for _ in range(circuit_breaker.FAILURE_THRESHOLD + 1):
        assert ask(client, IMPLAUSIBLE).status_code == 500
    assert version(client) == 2
    assert "failing" not in client.get("/health/ready").json


def test_an_open_breaker_stays_open_when_another_alias_changes(tricky: VersionStore, client: FlaskClient) -> None:
    for _ in range(circuit_breaker.FAILURE_THRESHOLD):
        version(client, RAISES)
    shadow(tricky, publish(tricky.folder.parent), ANN)
    assert client.get("/health/ready").json["shadow"]["version"] == 3
    assert client.get("/health/ready").json["failing"] is True
