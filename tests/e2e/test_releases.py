"""Releases under load, with real workers: no request fails, every answer's version had its part, and all converge."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry import Actor, VersionStore, find_inconsistencies
from registry.promotion import canary, promote
from tests.conftest import publish
from tests.e2e.load import load
from tests.e2e.server import ROW, Server, head, on_each_server, serving

ANN = Actor("ann", "under load")


def versions(server: Server, count: int = 40) -> set[int]:
    return {server.ask()[1]["version"] for _ in range(count)}


@pytest.fixture
def store(models: Path) -> VersionStore:
    """Return a store of two equal versions."""
    publish(models)
    return VersionStore(models, "boston")


@on_each_server
def test_under_fifty_changes_every_answer_is_of_a_champion_of_its_time(store: VersionStore) -> None:
    changes = [(0.0, 0.0, 1)]  # from when to when each champion may have begun
    with serving(store.folder.parent) as server, load(server.port, processes=2, threads=2) as replies:
        server.wait_for_requests(100)
        for count in range(50):
            number = 2 - count % 2
            before = time.monotonic()
            promote(store, number, "champion", ANN)
            changes.append((before, time.monotonic(), number))
        assert versions(server) == {changes[-1][2]}  # all workers, with the first request that they get
        assert "champion: " not in server.output.read_text()  # a change on its way is no fault
    assert (replies.statuses, replies.broken) == ({200}, [])
    assert len(replies.by_id) > 1000
    ends = [*(end for _, end, _ in changes[1:]), float("inf")]
    periods = [(start, end, number) for (start, _, number), end in zip(changes, ends, strict=True)]
    for reply in replies.by_id.values():
        champions = {number for start, end, number in periods if start <= reply.end and reply.start <= end}
        assert reply.version in champions
    assert {reply.version for reply in replies.by_id.values()} == {1, 2}
    actions = Counter(entry.content["action"] for entry in store.history.entries())
    assert actions == {"publish": 2, "promote": 50}
    assert list(find_inconsistencies(store.aliases)) == []


ANSWER = re.compile(rb"HTTP/1.1 200 .*X-Model-Version: ([0-9]+)\r\n", re.DOTALL)


def ask_many(server: Server, requests: Iterable[bytes]) -> list[int]:
    """Send requests one after the other on one connection. Return which version answered each."""
    numbers = []
    with server.connect() as connection:
        for request in requests:
            connection.sendall(request)
            reply = connection.recv(1 << 16)
            while not reply.endswith(b"}") and (more := connection.recv(1 << 16)):
                reply += more
            answer = ANSWER.match(reply)
            assert answer, reply
            numbers.append(int(answer[1]))
    return numbers


def test_a_canary_gets_its_share_of_100_000_requests_and_a_client_always_one_version(store: VersionStore) -> None:
    canary(store, 2, 0.05, ANN)
    request = head(Content_Length=len(ROW)) + ROW
    with serving(store.folder.parent) as server:
        with ThreadPoolExecutor(8) as pool:
            numbers = pool.map(lambda _: ask_many(server, [request] * 12_500), range(8))
        answers = Counter(number for of_connection in numbers for number in of_connection)
        assert answers.total() == 100_000
        # The 99.9 % interval of a binomial distribution: 3.29 standard deviations.
        assert abs(answers[2] - 5000) < 3.29 * (100_000 * 0.05 * 0.95) ** 0.5
        clients = [head(Content_Length=len(ROW), X_Client_ID=f"client {number}") + ROW for number in range(200)]
        first = ask_many(server, clients)
        assert 1 < Counter(first)[2] < 40
        for _ in range(10):  # on connections of other workers
            assert ask_many(server, clients) == first
