"""The shadow sees what was answered, after the answer, and delays no request."""

from __future__ import annotations

import time

import pytest

from app.inference.shadow import MAX_WAITING
from registry import VersionStore
from registry.promotion import shadow
from tests.app.conftest import Service
from tests.app.requests import ANN, IMPLAUSIBLE, RAISES, ROW, SLOW, ask, logged, version
from tests.conftest import TRICKY, publish
from tests.e2e.server import wait_until


def test_a_shadow_sees_what_was_answered_and_only_the_log_sees_the_shadow(client: Service, store: VersionStore) -> None:
    shadow(store, 2, ANN)
    wait_until(lambda: client.get("/health/ready").json.get("shadow"), "the shadow")
    reply = ask(client, [ROW, [7, 300, 10]], X_Request_ID="mine")
    assert reply.json["version"] == 1

    def rows() -> list[dict[str, str]]:
        return [row for row in logged(client.settings, "predictions") if row["role"] == "shadow"]

    wait_until(lambda: len(rows()) == 2, "the shadow's rows")
    assert [(row["request_id"], row["row"], row["version"]) for row in rows()] == [
        ("mine", "0", "2"),
        ("mine", "1", "2"),
    ]
    assert [float(row["prediction"]) for row in rows()] == pytest.approx([33.505, 42.7], abs=1e-4)
    assert client.get("/health/ready").json["shadow"] == {
        "version": 2, "waiting": 0, "seen": 1, "dropped": 0, "failed": 0
    }  # fmt: skip
    assert ask(client, IMPLAUSIBLE).status_code == 500


def test_a_shadow_that_hangs_or_fails_delays_no_request(client: Service, store: VersionStore) -> None:
    shadow(store, publish(store.folder.parent, model_file=TRICKY), ANN)
    wait_until(lambda: client.get("/health/ready").json.get("shadow"), "the shadow")
    ask(client, RAISES)
    wait_until(lambda: client.get("/health/ready").json["shadow"]["failed"] == 1, "the failure")
    ask(client, SLOW)
    start = time.monotonic()
    for _ in range(MAX_WAITING + 50):
        assert version(client) == 1
    assert time.monotonic() - start < 2
    status = client.get("/health/ready").json["shadow"]
    assert status["dropped"] > 0
    assert status["waiting"] <= MAX_WAITING
    assert len([row for row in client.new_rows("requests") if row["status"] == "200"]) == MAX_WAITING + 52
