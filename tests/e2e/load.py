"""Clients in processes of their own, which write down every reply that they get."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.server import Server

TRUTH = "truth-"  # begins the ids of requests that tell truths


@dataclass(frozen=True)
class Reply:
    """One reply, and when its request began and ended, by the clock that all processes share."""

    start: float
    end: float
    status: int
    prediction: float | None
    version: int | None


@dataclass
class Replies:
    """What clients got: replies by request id, requests without a whole reply, and connections that were refused."""

    by_id: dict[str, Reply] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def statuses(self) -> set[int]:
        return {reply.status for reply in self.by_id.values()}

    @property
    def predictions(self) -> dict[str, float | None]:
        """The predictions of the answers with status 200, by request id."""
        return {key: reply.prediction for key, reply in self.by_id.items() if reply.status == 200}


def sent_row(request_id: str) -> list[float]:
    """Return the row that a client sends with this id."""
    number = int(request_id.rpartition("-")[2])
    return [4 + number % 4, 200 + number % 500, number % 90 + 5]


def sent_body(request_id: str) -> str:
    """Return the body that a client sends with this id; every third has names, so quotes are in its row of the log."""
    row = sent_row(request_id)
    named = int(request_id.rpartition("-")[2]) % 3 == 0
    return json.dumps(dict(zip(("rm", "tax", "age"), row, strict=True)) if named else row)


def sent_truths(request_id: str) -> list[tuple[int, float]]:
    """Return the rows and values of the truths that a client tells with this id."""
    number = int(request_id.rpartition("-")[2])
    return [(row, (number + row / 8) % 100) for row in range(1 + number % 5)]


def sent_message(request_id: str) -> tuple[str, str]:
    """Return the path and the body that a client sends with this id."""
    if not request_id.startswith(TRUTH):
        return "/predict_json", sent_body(request_id)
    truths = [{"request_id": request_id, "row": row, "actual": actual} for row, actual in sent_truths(request_id)]
    return "/feedback", json.dumps(truths)


def _client(port: int, name: str, keep_alive: bool, feedback: bool, query: str, stop: Any) -> Replies:
    replies = Replies()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    number = 0
    while not stop.is_set():
        number += 1
        request_id = f"{TRUTH * (feedback and number % 3 == 1)}{name}-{number}"
        path, body = sent_message(request_id)
        try:
            if connection.sock is None:
                connection.connect()
        except OSError:
            replies.refused += 1
            stop.wait(0.01)
            continue
        start = time.monotonic()
        try:
            headers = {"Content-Type": "application/json", "X-Request-ID": request_id}
            connection.request("POST", path + query, body, headers)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:
            replies.broken.append(f"{request_id}: {error!r}")
            connection.close()
            continue
        end, answer = time.monotonic(), json.loads(content)
        replies.by_id[request_id] = Reply(start, end, reply.status, answer.get("prediction"), answer.get("version"))
        if not keep_alive:
            connection.close()
    return replies


def _process(port: int, name: str, threads: int, feedback: bool, query: str, stop: Any, results: Any) -> None:
    with ThreadPoolExecutor(threads) as pool:
        clients = [
            pool.submit(_client, port, f"{name}.{index}", index % 2 == 0, feedback, query, stop)
            for index in range(threads)
        ]
    results.put([client.result() for client in clients])


@contextmanager
def load(
    port: int, processes: int = 3, threads: int = 3, *, feedback: bool = False, query: str = ""
) -> Iterator[Replies]:
    """Ask without a pause until the end of the block, half of the clients on kept connections, half on new ones.

    With feedback, every third request tells truths; its id begins with TRUTH. The query goes with every request.
    """
    context = multiprocessing.get_context("spawn")
    stop, results, total = context.Event(), context.Queue(), Replies()
    running = [
        context.Process(target=_process, args=(port, f"load{index}", threads, feedback, query, stop, results))
        for index in range(processes)
    ]
    for process in running:
        process.start()
    try:
        yield total
    finally:
        stop.set()
        for _ in running:
            for replies in results.get(timeout=90):
                total.by_id |= replies.by_id
                total.broken += replies.broken
                total.refused += replies.refused
        for process in running:
            process.join()


def assert_each_answer_is_logged_once(server: Server, replies: Replies) -> None:
    """Check that each answer has one request row and one prediction row, with its id and its number; a refusal none."""
    answers = replies.predictions
    requests = Counter(row["request_id"] for row in server.rows("requests") if row["status"] == "200")
    rows = server.rows("predictions")
    counts = Counter(row["request_id"] for row in rows)
    numbers = {row["request_id"]: float(row["prediction"]) for row in rows}
    assert answers
    assert [key for key in answers if requests[key] != 1] == []
    assert [key for key in answers if counts[key] != 1] == []
    assert [key for key, number in answers.items() if numbers[key] != number] == []
    refused = {key for key, reply in replies.by_id.items() if reply.status != 200}
    assert refused & requests.keys() == set()
    # Nothing is there twice, answered or not; and what was logged as answered was predicted.
    assert max(requests.values()) == 1
    assert max(counts.values()) == 1
    assert requests.keys() <= counts.keys()
