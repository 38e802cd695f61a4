"""One round of one contender: it starts, predicts as the published model does, and is loaded in two ways."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import orjson

from benchmarks.client import connect, exchange, post
from benchmarks.peers.contenders import Contender, Rows
from benchmarks.peers.running import ContenderError, Running, running
from benchmarks.serving import percentiles, times
from registry import Float32Array

CONNECTIONS = 8
TOLERANCE = 1e-5  # relative: the runtimes add in another order


@dataclass(frozen=True)
class Case:
    """What every contender is asked: the folder of a published version, rows (n, k), and their predictions, (n,)."""

    version: Path
    rows: Rows
    predictions: Float32Array


@dataclass(frozen=True)
class Figures:
    """What a round measured: latencies in ms, CPU in us a request, memory in MB, the start in seconds."""

    requests_per_second: float
    p50: float
    p99: float
    cpu: float
    rows_per_second: float
    memory: float
    start: float


def measure(contender: Contender, binaries: Path, case: Case, seconds: float, folder: Path) -> Figures:
    """Start a contender, check its predictions, and load it with one row a request, then with all rows in each.

    Args:
        binaries: the folder of its environment's programs.
        seconds: how long the first load takes; the second takes half of it.
        folder: an empty one for this round.

    Raises:
        ContenderError: if it doesn't start, predicts something else, or fails to answer.
    """
    one, many = (encode(contender, rows) for rows in (case.rows[:1], case.rows))
    with running(contender, binaries, case.version, folder) as server:
        reply = server.first_reply(one)
        start = time.monotonic() - server.started
        check(contender, reply, case.predictions[:1])
        with connect(server.port) as connection:
            check(contender, ask(connection, many), case.predictions)
        before = server.cpu_seconds()
        singles = load(server, one, seconds, folder)
        cpu = (server.cpu_seconds() - before) / len(singles) * 1e6
        memory = server.memory()
        bulk = load(server, many, seconds / 2, folder)
    p50, p99 = (percentiles([singles], percent)[0] for percent in (50, 99))
    return Figures(per_second(singles), p50, p99, cpu, per_second(bulk) * len(case.rows), memory, start)


def encode(contender: Contender, rows: Rows) -> bytes:
    """Return a request for the predictions of rows, as it is sent."""
    return post(contender.protocol.path, orjson.dumps(contender.protocol.encode(rows)))


def check(contender: Contender, reply: bytes, expected: Float32Array) -> None:
    """Check that the body of a reply has the predictions of the published model.

    Raises:
        ContenderError: if it has others, or none.
    """
    try:
        predictions = np.array(contender.protocol.decode(orjson.loads(reply)), dtype=np.float64)
    except (LookupError, TypeError, ValueError):
        raise ContenderError(f"answered {reply[:200]!r}") from None
    if predictions.shape != expected.shape or not np.allclose(predictions, expected, rtol=TOLERANCE, atol=0):
        raise ContenderError(f"predicted {predictions[:3]} where the model predicts {expected[:3]}")


def ask(connection: socket.socket, request: bytes) -> bytes:
    """Return the body of the reply to a request.

    Raises:
        ContenderError: if it has another status than 200, or ends too early.
    """
    try:
        return exchange(connection, request)
    except (OSError, SystemExit) as failure:
        raise ContenderError(f"with many rows, {failure}") from None


def load(server: Running, request: bytes, seconds: float, folder: Path) -> list[float]:
    """Ask on all connections without a pause. Return what each request took, ascending, in milliseconds.

    Raises:
        ContenderError: if a request is answered with another status than 200, or not at all.
    """
    file = folder / "request"
    file.write_bytes(request)
    try:
        return times(server.load(CONNECTIONS, seconds, file))
    except SystemExit as failure:
        raise ContenderError(f"under load, {failure}") from None


def per_second(latencies: list[float]) -> float:
    """Return how many requests were answered in a second: each connection asks as soon as it has its reply.

    Requests that began before the end of the load and took longer count as others do, so slow servers gain nothing.
    """
    return CONNECTIONS / (mean(latencies) / 1000)
