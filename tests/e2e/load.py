"""Clients in processes of their own, which write down every reply that they saw."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Seen:
    """What the clients saw: the predictions by request id, other statuses, and requests that got no whole reply."""

    answers: dict[str, float] = field(default_factory=dict)
    others: list[tuple[str, int, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    refused: int = 0

    def add(self, other: Seen) -> None:
        self.answers |= other.answers
        self.others += other.others
        self.broken += other.broken
        self.refused += other.refused


def _client(port: int, name: str, keep_alive: bool, seen: Seen, stop: Any) -> None:
    connection: http.client.HTTPConnection | None = None
    number = 0
    while not stop.is_set():
        number += 1
        request_id = f"{name}-{number}"
        body = json.dumps([4 + number % 4, 200 + number % 500, number % 90 + 5])
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.connect()
        except OSError:
            seen.refused += 1
            connection = None
            stop.wait(0.01)
            continue
        try:
            headers = {"Content-Type": "application/json", "X-Request-ID": request_id}
            connection.request("POST", "/predict_json", body, headers)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:
            seen.broken.append(f"{request_id}: {error!r}")
            connection = None
            continue
        if reply.status == 200:
            seen.answers[request_id] = json.loads(content)["prediction"]
        else:
            seen.others.append((request_id, reply.status, content.decode()))
        if reply.will_close or not keep_alive:
            connection.close()
            connection = None


def _process(port: int, name: str, threads: int, stop: Any, results: Any) -> None:
    seen = [Seen() for _ in range(threads)]
    clients = [
        threading.Thread(target=_client, args=(port, f"{name}.{index}", index % 2 == 0, seen[index], stop))
        for index in range(threads)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    results.put(seen)


@contextmanager
def load(port: int, processes: int = 3, threads: int = 3, name: str = "load") -> Iterator[Seen]:
    """Ask without a pause until the end of the block, half of the clients on kept connections, half on new ones."""
    context = multiprocessing.get_context("spawn")
    stop, results, total = context.Event(), context.Queue(), Seen()
    running = [
        context.Process(target=_process, args=(port, f"{name}{index}", threads, stop, results))
        for index in range(processes)
    ]
    for process in running:
        process.start()
    try:
        yield total
    finally:
        stop.set()
        for _ in running:
            for seen in results.get(timeout=90):
                total.add(seen)
        for process in running:
            process.join()
