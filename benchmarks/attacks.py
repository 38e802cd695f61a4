"""A normal client's time beside each attack, as a ratio to a quiet service in the same run.

``python benchmarks/attacks.py [SECONDS]``: so many seconds for each attack. Prints a table, and ends with status 1 if
the 99th percentile beside an attack is 5 times that of the quiet service, or more. One worker on one core; the client
and the attackers, at the lowest priority, on the other.

Some attacks make a thread compute, and Python's threads take turns: nothing that runs in one process is quick then. So
such an attack may also take up to twice the floor: what a constant answer of Flask takes beside such a thread.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import REQUEST, connect, post
from benchmarks.constant import create_app
from benchmarks.serving import Server, percentiles, pin, serving, times

LIMIT = 5.0
PAUSE = 0.1  # seconds between the bytes of an attacker who drips
CHUNKED = b"POST /predict_json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
OPENAPI = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
BAD_ROWS = post("/predict_csv", b"rm,tax,age\n" + b'6,"2,x\n' * (8 << 20 >> 3), "text/csv")
BAD_JSON = post("/predict_json", b'[[6,250,"\\u0000"],' * 50_000)
GROWTH = post("/predict_json", gzip.compress(b"\0" * 1_000_000), "application/json", "Content-Encoding: gzip")


def drip(port: int, start: bytes, drop: bytes, count: int = 64) -> None:
    """Send the start of a request on many connections, and then a drop now and then; begin again where that fails."""
    connections: list[socket.socket | None] = [None] * count
    while True:
        for place, connection in enumerate(connections):
            try:
                if connection is None:
                    connections[place] = connection = connect(port)
                    connection.sendall(start)
                else:
                    connection.sendall(drop)
            except OSError:
                connections[place] = None
        time.sleep(PAUSE)


def stay_idle(port: int) -> None:
    """Keep more connections open than a worker takes, and ask nothing on them."""
    drip(port, b"", b"", 1500)


def read_slowly(port: int) -> None:
    """Ask for more than fits into the network's buffers, and read a byte now and then."""
    connections = []
    for _ in range(16):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        connections.append(connection)
    while True:
        for connection in connections:
            with suppress(OSError):
                connection.send(OPENAPI * 100)
                connection.recv(1)
        time.sleep(PAUSE)


def repeat(port: int, request: bytes) -> None:
    """Send a request again and again, each on a connection of its own."""
    while True:
        with suppress(OSError), connect(port) as connection:
            connection.sendall(request)
            while request and connection.recv(1 << 18):
                pass


ATTACKS: dict[str, Callable[[int], None]] = {
    "drip head": partial(drip, start=b"POST /predict_json HTTP/1.1\r\n", drop=b"X: y\r\n"),
    "drip body": partial(drip, start=REQUEST.replace(b"[6, 250, 66.5]", b""), drop=b" "),
    "drip long body": partial(drip, start=post("/predict_json", b" " * 500_000)[:-400_000], drop=b" "),
    "drip chunked": partial(drip, start=CHUNKED, drop=b"1\r\n \r\n"),
    "idle flood": stay_idle,
    "slow reader": read_slowly,
    "many connects": partial(repeat, request=b""),
    "bad rows, 8 MB": partial(repeat, request=BAD_ROWS),
    "gzip growth": partial(repeat, request=GROWTH),
    "bad JSON, 1 MB": partial(repeat, request=BAD_JSON),
}
COMPUTING = {"bad rows, 8 MB", "gzip growth", "bad JSON, 1 MB"}  # the attacks that make a thread compute


def floor_app() -> Flask:
    """For gunicorn: an answer that is a constant, beside a thread that computes all the time."""
    threading.Thread(target=compute, daemon=True).start()
    return create_app()


def compute() -> None:
    """Compute until the process ends."""
    while True:
        sum(range(1000))


def attack(port: int, name: str) -> None:
    """Attack until killed."""
    os.nice(19)
    pin(1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    ATTACKS[name](port)


def p99(server: Server, seconds: float) -> float:
    """Return the 99th percentile of a client that asks on one connection, in milliseconds."""
    return percentiles([times(server.load(1, seconds, core=1))], 99)[0]


def main(seconds: float) -> int:
    """Print the table. Return 1 if an attack slows a normal client down too much."""
    failed = False
    with tempfile.TemporaryDirectory() as logs:
        with serving(logs, app="benchmarks.attacks:floor_app()") as server:
            floor = p99(server, seconds)
        print(f"floor of what computes: {floor:.2f} ms")
        print(f"{'attack':16}{'quiet':>10}{'beside it':>12}{'ratio':>8}{'limit':>10}   99th percentile, ms")
        for name in ATTACKS:
            with serving(logs) as server:  # a new one: the last attack's work may go on for a while
                p99(server, 1)  # the first requests open files
                quiet = p99(server, seconds)
                attacker = multiprocessing.Process(target=attack, args=(server.port, name), daemon=True)
                attacker.start()
                time.sleep(0.5)  # until it is under way
                beside = p99(server, seconds)
                attacker.kill()
                attacker.join()
            limit = max(LIMIT * quiet, 2 * floor if name in COMPUTING else 0)
            failed |= beside >= limit
            print(f"{name:16}{quiet:10.2f}{beside:12.2f}{beside / quiet:8.1f}{limit:10.2f}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
