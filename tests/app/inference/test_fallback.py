"""The fallback answers, row by row, what the champion cannot."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.routing import circuit_breaker
from registry import VersionStore
from tests.app.conftest import Service
from tests.app.requests import NAN, RAISES, ROW, SLOW, TENSOR, ask, version


@pytest.mark.parametrize(
    ("row", "reason"), [(RAISES, "version 2: the model failed"), (NAN, "output nan is not plausible")]
)
def test_the_fallback_answers_what_the_champion_cannot(
    tricky: VersionStore, client: Service, row: list[float], reason: str
) -> None:
    assert version(client) == 2
    reply = ask(client, row)
    assert (reply.status_code, reply.json["version"]) == (200, 1)
    warnings = [text for text in reply.json["warnings"] if "training range" not in text]
    assert len(warnings) == 1
    assert "answered by version 1, the fallback: version 2" in warnings[0]
    assert reason in warnings[0]
    answered = client.new_rows("predictions")[-1]
    assert (answered["version"], answered["role"]) == ("1", "fallback")
    assert answered["flags"] == "rm:outside_training instead_of:2"
    assert float(answered["prediction"]) == reply.json["prediction"]


def test_only_the_rows_that_failed_are_answered_by_the_fallback(tricky: VersionStore, client: Service) -> None:
    reply = ask(client, [ROW, NAN, ROW])
    assert (reply.status_code, reply.json["version"]) == (200, 2)
    assert [len([text for text in texts if "fallback" in text]) for texts in reply.json["warnings"]] == [0, 1, 0]
    assert reply.json["predictions"][0] == reply.json["predictions"][2] == pytest.approx(23.505, abs=1e-4)
    assert reply.json["predictions"][1] == pytest.approx(67.505, abs=1e-4)


def test_every_protocol_is_answered_by_the_fallback(tricky: VersionStore, client: Service) -> None:
    for path, body in (
        ("/v1/models/boston:predict", {"instances": [RAISES]}),
        ("/v2/models/boston/infer", {"inputs": [{**TENSOR, "data": RAISES}]}),
        ("/invocations", {"instances": [RAISES]}),
    ):
        reply = client.post(path, json=body)
        assert (reply.status_code, reply.headers["X-Model-Version"]) == (200, "1"), path


@pytest.mark.parametrize(
    ("row", "status", "error", "logged"),
    [
        (RAISES, 503, "the model failed", []),
        (NAN, 500, "the model's output nan is not plausible for medv: expected 0 to 100", ["nan"]),
    ],
)
def test_a_named_version_is_never_replaced(
    tricky: VersionStore, client: Service, row: list[float], status: int, error: str, logged: list[str]
) -> None:
    reply = client.post("/v1/models/boston/versions/2:predict", json={"instances": [row]})
    assert (reply.status_code, reply.json) == (status, {"error": error})
    attempts = [(attempt["prediction"], attempt["flags"]) for attempt in client.new_rows("predictions")]
    assert attempts == [(prediction, "rm:outside_training output:implausible") for prediction in logged]


@pytest.mark.slow
def test_a_champion_that_sleeps_is_given_up_after_a_while(
    tricky: VersionStore, client: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "RESET_TIMEOUT", 60.0)  # a busy machine may take longer than it lasts
    clients = [client.application.test_client() for _ in range(circuit_breaker.FAILURE_THRESHOLD + 1)]
    start = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        replies = list(pool.map(lambda client: ask(client, SLOW), clients))
    assert {reply.status_code for reply in replies} == {200}
    assert 1 in {reply.json["version"] for reply in replies}  # those that waited for it in vain
    assert time.monotonic() - start < 20
    start = time.monotonic()
    assert version(client, SLOW) == 1
    assert time.monotonic() - start < 1
