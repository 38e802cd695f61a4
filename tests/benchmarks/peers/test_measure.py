"""What a contender does wrong becomes a line of the table, and never ends the run."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.client import connect
from benchmarks.peers.measure import ask
from benchmarks.peers.running import ContenderError


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Run a server that answers one request, and closes. Return its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "status 200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "ended before its end"),
        (b"", "status 200"),
    ],
    ids=["an error", "half a reply", "no reply"],
)
def test_a_reply_that_is_no_good_is_a_fault_of_the_contender(reply: bytes, said: str) -> None:
    with answering(reply) as port, connect(port) as connection, pytest.raises(ContenderError, match=said):
        ask(connection, b"GET / HTTP/1.1\r\n\r\n")


def test_a_good_reply_is_returned() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") as port, connect(port) as connection:
        assert ask(connection, b"GET / HTTP/1.1\r\n\r\n") == b"abc"
