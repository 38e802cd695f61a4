"""A client that costs little: raw sockets, requests prepared beforehand. Prints each request's time, in nanoseconds.

``python benchmarks/client.py PORT CONNECTIONS SECONDS [FILE]``: the file holds a request as it is sent.
"""

from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def post(path: str, body: bytes, content_type: str = "application/json", *headers: str) -> bytes:
    """Return a request as it is sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


REQUEST = post("/predict_json", b"[6, 250, 66.5]")


def ask(connection: socket.socket, request: bytes) -> int:
    """Send a request and read its whole reply. Return the length of its body; exit at a reply other than 200."""
    return len(exchange(connection, request))


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request and read its whole reply. Return its body; exit at a reply other than 200."""
    connection.sendall(request)
    reply = b""
    while b"\r\n\r\n" not in reply and (part := connection.recv(1 << 18)):
        reply += part
    head, _, body = reply.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"expected a reply with status 200, not {reply[:1000]!r}")
    missing = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]) - len(body)
    rest = connection.recv(missing, socket.MSG_WAITALL) if missing else b""
    if len(rest) < missing:
        sys.exit("a reply ended before its end")
    return body + rest


def connect(port: int) -> socket.socket:
    """Open a connection that sends each request at once."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def load(port: int, until: float, request: bytes) -> list[int]:
    """Ask on one connection until that time, at least once. Return what each request took."""
    times: list[int] = []
    with connect(port) as connection:
        while not times or time.monotonic() < until:
            start = time.perf_counter_ns()
            ask(connection, request)
            times.append(time.perf_counter_ns() - start)
    return times


def main(port: int, connections: int, seconds: float, request: bytes) -> None:
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(connections) as pool:
        loads = [pool.submit(load, port, until, request) for _ in range(connections)]
    for finished in loads:
        print(*finished.result(), sep="\n")  # exits, if the thread did: that ended only the thread


if __name__ == "__main__":
    content = Path(sys.argv[4]).read_bytes() if len(sys.argv) > 4 else REQUEST
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), content)
