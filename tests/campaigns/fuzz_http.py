"""``python -m tests.campaigns.fuzz_http [--requests N] [--seed S]``: changed requests on raw sockets to a real server.

Right requests of every route, changed in their body or anywhere, compressed, sent in chunks. No reply may be a 5xx, no
connection may hang, and each answer has its row in the log. The same row, right or wrong, is also sent to four
protocols, which must agree on it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from tests.campaigns.mutations import ROW, WIDE, as_flat_row, mutate, request
from tests.conftest import publish
from tests.e2e.server import Server, head, serving

CLIENTS = 4
_PATIENCE = 15.0  # seconds without an end of the reply: a hang
_ONE_IN = 20  # so many requests, one row goes to all protocols
_PROTOCOLS = {
    "/predict_json": b"%s",
    "/v1/models/boston:predict": b'{"instances": [%s]}',
    "/v2/models/boston/infer": b'{"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64", "data": %s}]}',
    "/invocations": b'{"inputs": [%s]}',
}


class Fuzzer:
    """Sends changed requests and counts what comes back."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.answered: Counter[str] = Counter()
        self.hangs: list[bytes] = []
        self.failures: list[bytes] = []
        self.disagreements: list[bytes] = []

    def send(self, data: bytes) -> bytes:
        """Send a request, say that nothing follows, and return all that comes back."""
        reply = b""
        try:
            with socket.create_connection(("127.0.0.1", self._server.port), timeout=_PATIENCE) as connection:
                with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent: the reply says why
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(1 << 16):
                    reply += part
        except TimeoutError:
            with self._lock:
                self.hangs.append(data)
        except ConnectionError:
            pass
        status = int(reply[9:12]) if reply[9:12].isdigit() else 0
        found = re.search(rb"(?i)\r\nx-request-id: ([^\r]*)", reply)
        with self._lock:
            self.statuses[status] += 1
            if (
                status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED
            ):  # right for an unknown Transfer-Encoding (RFC 9112)
                self.failures.append(data)
            if status == 200 and data.startswith(b"POST ") and found:
                self.answered[found[1].decode("latin-1")] += 1
        return reply

    def fuzz(self, number: int, chance: random.Random) -> None:
        """Send one changed request; now and then, a changed row to all protocols."""
        self.send(request(chance, f"fuzz-{number}"))
        if number % _ONE_IN == 0:
            self.compare(mutate(ROW, chance))

    def compare(self, row: bytes) -> None:
        """Send a row to all protocols: they answer with the same number, or all refuse."""
        if as_flat_row(row) is None:  # something else than three numbers means something else to each protocol
            return
        replies = {}
        for path, body in _PROTOCOLS.items():
            content = body % row
            reply = self.send(head(path, Content_Length=len(content), Connection="close") + content)
            numbers = re.findall(rb'"(?:prediction|predictions|data)":[\[\s]*([-0-9.e]+)', reply)
            replies[path] = (reply[9:12] == b"200", [float(number) for number in numbers])
        if len({json.dumps(reply) for reply in replies.values()}) > 1:
            with self._lock:
                self.disagreements.append(row + repr(replies).encode())

    def unlogged(self) -> int:
        """Return how many answers have no row in the log."""
        rows = Counter(row["request_id"] for row in self._server.rows("requests") if row["status"] == "200")
        return sum(rows[key] < count for key, count in self.answered.items())


def run(server: Server, count: int, seed: int) -> Fuzzer:
    """Send ``count`` changed requests from some clients at once."""
    fuzzer = Fuzzer(server)

    def client(index: int) -> None:
        chance = random.Random(f"{seed} {index}")
        for number in range(index, count, CLIENTS):
            fuzzer.fuzz(number, chance)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return fuzzer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzz_http", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        publish(Path(folder, "models"), WIDE)
        with serving(Path(folder, "models"), workers=2) as server:
            fuzzer = run(server, options.requests, options.seed)
            unlogged = fuzzer.unlogged()
    print(
        f"{fuzzer.statuses.total():,} requests:", ", ".join(f"{n:,} x {s}" for s, n in sorted(fuzzer.statuses.items()))
    )
    found = {"5xx": fuzzer.failures, "hangs": fuzzer.hangs, "disagreements": fuzzer.disagreements}
    for name, requests in found.items():
        print(f"{len(requests)} {name}", *(f"  {data[:2000]!r}" for data in requests[:5]), sep="\n")
    print(f"{fuzzer.answered.total():,} answers, {unlogged} of them not in the log")
    return 1 if unlogged or any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
