"""The circuit breaker: opens after some failures in a row, and lets a request through now and then."""

from __future__ import annotations

import pytest

from app.routing.circuit_breaker import FAILURE_THRESHOLD, RESET_TIMEOUT, CircuitBreaker
from registry import VersionStore
from registry.promotion import shadow
from tests.app.conftest import Clock, Service
from tests.app.requests import ANN, IMPLAUSIBLE, RAISES, ask, version
from tests.conftest import publish


@pytest.fixture
def open_breaker(clock: Clock) -> CircuitBreaker:
    """A breaker that has just opened."""
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURE_THRESHOLD):
        assert (breaker.is_open, breaker.allow_request()) == (False, True)
        breaker.record(success=False)
    return breaker


def test_an_open_breaker_lets_one_request_through_in_each_timeout(open_breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(3):
        assert (open_breaker.is_open, open_breaker.allow_request()) == (True, False)
        clock.now += RESET_TIMEOUT
        assert (open_breaker.allow_request(), open_breaker.allow_request()) == (True, False)
        open_breaker.record(success=False)


def test_a_success_closes_it(open_breaker: CircuitBreaker, clock: Clock) -> None:
    clock.now += RESET_TIMEOUT
    assert open_breaker.allow_request()
    open_breaker.record(success=True)
    assert (open_breaker.is_open, open_breaker.allow_request()) == (False, True)


def test_only_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = CircuitBreaker(clock)
    for number in range(5 * FAILURE_THRESHOLD):
        breaker.record(success=number % FAILURE_THRESHOLD == 0)
    assert not breaker.is_open


def test_a_champion_that_keeps_failing_is_left_alone_also_when_another_alias_changes(
    tricky: VersionStore, client: Service
) -> None:
    for _ in range(FAILURE_THRESHOLD):
        assert version(client, RAISES) == 1
    for _ in range(2):
        assert client.get("/health/ready").json["failing"] is True
        reply = ask(client)
        assert reply.json["version"] == 1
        assert "is not asked for a while, because it keeps failing" in reply.json["warnings"][0]
        shadow(tricky, publish(tricky.folder.parent), ANN)
    assert client.get("/health/ready").json["shadow"]["version"] == 4


def test_what_nobody_can_answer_does_not_open_it(tricky: VersionStore, client: Service) -> None:
    for _ in range(FAILURE_THRESHOLD + 1):
        assert ask(client, IMPLAUSIBLE).status_code == 500
    assert version(client) == 2
    assert "failing" not in client.get("/health/ready").json
