"""Ground truth that was acknowledged is in the log, once, whoever is killed meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.server import Server, run, serving, wait_until
from tests.journal.truths import truths_in

SECONDS = 6.0
Key = tuple[str, int, float]


def tell(server: Server, name: str, deadline: float) -> tuple[list[Key], int]:
    """Tell truths without a pause. Return those that were acknowledged, and how many requests broke."""
    told: list[Key] = []
    broken = number = 0
    while time.monotonic() < deadline:
        number += 1
        truths = [(f"{name}-{number}", row, (number + row / 8) % 100) for row in range(1 + number % 3)]
        body = [dict(zip(("request_id", "row", "actual"), truth, strict=True)) for truth in truths]
        try:
            status, reply = server.ask(json.dumps(body).encode(), "/feedback")
        except (OSError, http.client.HTTPException):
            broken += 1
            continue
        assert (status, reply["recorded"]) == (200, len(truths))
        told += truths
    return told, broken


@pytest.fixture
def crowd(models: Path) -> Iterator[Server]:
    with serving(models) as server:
        yield server


def test_no_acknowledged_truth_is_lost_or_doubled_when_workers_are_killed(crowd: Server) -> None:
    deadline, chance, kills = time.monotonic() + SECONDS, random.Random(22), 0
    with ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(tell, crowd, f"client{index}", deadline) for index in range(6)]
        while time.monotonic() < deadline - 1:
            time.sleep(chance.uniform(0.02, 0.3))
            with suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(crowd.workers()), signal.SIGKILL)
                kills += 1
    told = [truth for client in clients for truth in client.result()[0]]
    assert kills > 3
    assert len(told) > 100
    logged = Counter((truth.request_id, truth.row, truth.actual) for truth in truths_in(crowd.logs / "boston"))
    assert {logged[truth] for truth in told} == {1}
    assert max(logged.values()) == 1
    broken = sum(client.result()[1] for client in clients)
    assert len(logged.keys() - set(told)) <= 3 * broken  # who was killed before the reply may have written
    wait_until(crowd.ready, "a server that recovered by itself")
    checked = run("audit", "check", SERVE_MODELS=str(crowd.models), SERVE_LOGS=str(crowd.logs))
    assert "have no feedback row" not in checked.stderr
