"""AliasStore under load, with real workers: no request fails, every answer's version had its part, and all converge."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry import Actor, VersionStore, find_inconsistencies
from registry.promotion import canary, promote, rollback
from tests.conftest import TRICKY, publish
from tests.e2e.server import Server, serving, wait_until

pytestmark = pytest.mark.slow

ANN = Actor("ann", "under load")


@dataclass(frozen=True)
class Answered:
    """One request: when it began and ended, and which version answered."""

    start: float
    end: float
    status: int
    version: int


class Load(threading.Thread):
    """Asks one request after the other until it is told to stop."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.answers: list[Answered] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            start = time.monotonic()
            status, reply = self.server.ask()
            version = reply.get("version", 0) if isinstance(reply, dict) else 0
            self.answers.append(Answered(start, time.monotonic(), status, version))


def _started(server: Server) -> Load:
    thread = Load(server)
    thread.start()
    return thread


def _stopped(threads: list[Load]) -> list[Answered]:
    for thread in threads:
        thread.stopping.set()
    for thread in threads:
        thread.join(30)
    return [answer for thread in threads for answer in thread.answers]


def versions(server: Server, count: int = 40) -> set[int]:
    return {server.ask()[1]["version"] for _ in range(count)}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two equal versions."""
    for _ in range(2):
        publish(tmp_path / "models")
    return tmp_path / "models"


def test_under_fifty_changes_every_answer_is_of_who_was_champion_during_its_request(
    models: Path, tmp_path: Path
) -> None:
    store = VersionStore(models, "boston")
    changes = [(0.0, 0.0, 1)]  # from when to when each champion may have begun
    with serving(models, tmp_path / "logs", workers=4) as server:
        threads = [_started(server) for _ in range(4)]
        for count in range(50):
            number = 2 - count % 2
            before = time.monotonic()
            promote(store, number, "champion", ANN)
            changes.append((before, time.monotonic(), number))
        assert versions(server) == {changes[-1][2]}  # all workers, with the first request that they get
        answers = _stopped(threads)
    assert {answer.status for answer in answers} == {200}
    assert len(answers) > 1000
    ends = [*(ended for _, ended, _ in changes[1:]), float("inf")]
    for answer in answers:
        held = {number for (began, _, number), end in zip(changes, ends, strict=True)
                if began <= answer.end and answer.start <= end}  # fmt: skip
        assert answer.version in held
    assert {answer.version for answer in answers} == {1, 2}
    lines = store.history.entries()
    assert Counter(line.content["action"] for line in lines) == {"publish": 2, "promote": 50}
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_canary_that_fails_is_withdrawn_by_whichever_worker_finds_it_out(models: Path, tmp_path: Path) -> None:
    number = publish(models, model_file=TRICKY)
    store = VersionStore(models, "boston")
    with serving(models, tmp_path / "logs", workers=2) as server:
        canary(store, number, 0.5, ANN)
        wait_until(lambda: versions(server) == {1, number}, "the canary")
        statuses = {server.ask(b"[12.5, 250, 66.5]")[0] for _ in range(300)}  # about 75 for a worker's canary
        assert statuses == {200}
        wait_until(lambda: "canary" not in store.aliases.read(), "the end of the canary")
        wait_until(lambda: versions(server) == {1}, "all workers without the canary", 5)
    withdrawn = [line.content for line in store.history.entries() if line.content["action"] == "clear"]
    assert [(line["by"], line["version"]) for line in withdrawn] == [("service", number)]


HEAD = b"POST /predict_json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n"
REQUEST = HEAD + b"%b\r\n[6, 250, 66.5]"
ANSWERED = re.compile(rb"HTTP/1.1 200 .*X-Model-Version: ([0-9]+)\r\n", re.DOTALL)


def ask_many(server: Server, requests: Iterable[bytes]) -> list[int]:
    """Ask on one connection. Returns which version answered each."""
    found = []
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        for request in requests:
            connection.sendall(request)
            reply = connection.recv(1 << 16)
            while not reply.endswith(b"}") and (more := connection.recv(1 << 16)):
                reply += more
            answered = ANSWERED.match(reply)
            assert answered, reply
            found.append(int(answered[1]))
    return found


def test_a_canary_gets_its_share_of_a_hundred_thousand_requests_and_a_client_always_the_same_version(
    models: Path, tmp_path: Path
) -> None:
    canary(VersionStore(models, "boston"), 2, 0.05, ANN)
    with serving(models, tmp_path / "logs", workers=4) as server:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(ask_many, server, [REQUEST % b""] * 12_500) for _ in range(8)]
        answered = Counter(number for one in asked for number in one.result())
        assert answered.total() == 100_000
        # The 99.9 % interval of a binomial distribution: 3.29 standard deviations.
        assert abs(answered[2] - 5000) < 3.29 * (100_000 * 0.05 * 0.95) ** 0.5
        clients = [REQUEST % b"X-Client-ID: client %d\r\n" % number for number in range(200)]
        first = ask_many(server, clients)
        assert 1 < Counter(first)[2] < 40
        for _ in range(10):  # on connections of other workers
            assert ask_many(server, clients) == first


def test_a_rollback_is_served_after_a_restart_too(models: Path, tmp_path: Path) -> None:
    store = VersionStore(models, "boston")
    promote(store, 2, "champion", ANN)
    rollback(store, ANN)
    with serving(models, tmp_path / "logs", workers=1) as server:
        assert versions(server, 3) == {1}


def test_the_shipped_model_is_promoted_and_traced_and_has_its_card_as_a_page(published: Path, tmp_path: Path) -> None:
    """Version 1 and 2 are the same linear model; version 3, a small network, is better on the same test rows."""
    import shutil

    models = tmp_path / "models"
    shutil.copytree(published, models)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "SERVE_MODELS": str(models), "SERVE_LOGS": str(tmp_path / "logs")}
        return subprocess.run([sys.executable, "-m", *words], env=environ, capture_output=True, text=True, check=False)

    done = run("registry", "promote", "3", "--by", "ann", "--reason", "smaller error")
    assert done.returncode == 0, done.stderr
    assert "held    test_vs_champion: RMSE" in done.stdout
    with serving(models, tmp_path / "logs", workers=1) as server:
        status, reply = server.ask(X_Request_ID="traced")
        assert (status, reply["version"]) == (200, 3)
        page = server.request("GET", "/models/boston/3")[1]
        assert "<h2>Ethical considerations</h2>" in page
        assert "<table>" in page
        assert server.request("GET", "/models/boston/9")[0] == 404
    traced = run("audit", "trace", "traced")
    assert traced.returncode == 0, traced.stdout + traced.stderr
    assert "smaller error" in traced.stdout
