"""A connection over a pair of sockets: what gunicorn reads of it, and what leaves when its client does not read."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from gunicorn.config import Config

from app.server import connection
from app.server.connection import ClientSocket, Connection
from tests.app.server.test_framing import CHUNKED, GET, LENGTH

BLOCK = bytes(1 << 18)


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    conn = Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
    conn.sock.setblocking(True)  # as gunicorn does in a thread
    conn.init()
    conn.timeout = time.monotonic() + 30
    with theirs:
        yield conn, theirs
    conn.close()


def test_gunicorn_reads_what_was_gathered_and_the_next_request_after_it(
    pair: tuple[Connection, socket.socket],
) -> None:
    conn, _ = pair
    assert conn.request.add(LENGTH + GET)
    assert next(conn.parser).body.read() == b"[6, 250, 66.5]"
    assert conn.next_request()
    assert next(conn.parser).path == "/health/live"
    assert not conn.next_request()
    assert conn.idle


def test_reading_a_gathered_request_never_waits(pair: tuple[Connection, socket.socket]) -> None:
    conn, _ = pair
    conn.request.add(LENGTH[:-3])
    conn.request.cut_off()
    assert next(conn.parser).body.read() == b"[6, 250, 66"
    conn.next_request()
    conn.request.add(LENGTH[:-3])
    conn.request.cut_off(TimeoutError())
    with pytest.raises(TimeoutError):
        next(conn.parser).body.read()


def test_a_long_body_is_read_until_the_deadline(pair: tuple[Connection, socket.socket]) -> None:
    conn, client = pair
    assert conn.request.add(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n")
    body = next(conn.parser).body
    client.sendall(b"abc" * 1024)
    assert body.read(3072) == b"abc" * 1024
    conn.timeout = time.monotonic() + 0.01
    with pytest.raises(TimeoutError):
        body.read(3)
    client.sendall(b"abc" * 1024)  # late, but here
    assert body.read(3072) == b"abc" * 1024
    with pytest.raises(TimeoutError):
        body.read(3)


def test_sending_never_waits_for_a_client_that_does_not_read(pair: tuple[Connection, socket.socket]) -> None:
    conn, client = pair
    for _ in range(20):
        conn.sock.sendall(BLOCK)
    assert not conn.sock.flush()
    kept = len(conn.sock.unsent)
    assert kept > len(BLOCK)
    received = 0
    while received < 20 * len(BLOCK):
        received += len(client.recv(1 << 20))
        conn.sock.flush()
    assert not conn.sock.unsent


def test_a_head_and_its_body_leave_together() -> None:
    ours, theirs = socket.socketpair()
    with ClientSocket(ours) as sock, theirs:
        sock.sendall(b"head")
        sock.sendall(b"body")
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(100)
        assert sock.flush()
        assert theirs.recv(100) == b"headbody"


def test_a_thread_that_may_wait_sends_a_long_reply_itself(pair: tuple[Connection, socket.socket]) -> None:
    conn, client = pair
    conn.sock.patient = True
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(lambda: sum(map(len, iter(lambda: client.recv(1 << 20), b""))))
        for _ in range(20):
            conn.sock.sendall(BLOCK)
        kept = len(conn.sock.unsent)
        conn.close()
        assert (received.result(), kept) == (20 * len(BLOCK), 0)


def test_a_client_that_takes_too_long_for_a_block_ends_its_connection(
    pair: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REPLY_TIMEOUT", 0.01)
    conn, _ = pair
    conn.sock.patient = True
    with pytest.raises(ConnectionResetError, match="does not read"):
        conn.sock.sendall(BLOCK * 20)


@pytest.mark.parametrize("message", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize(("read", "closes"), [(15, False), (13, True), (0, True)])
def test_a_reply_ends_the_connection_if_something_is_left_of_the_body(
    pair: tuple[Connection, socket.socket], message: bytes, read: int, closes: bool
) -> None:
    conn, _ = pair
    conn.request.add(message)
    request = next(conn.parser)
    request.body.reader.read(read)
    assert request.should_close() is closes
    request.body.read()
    assert request.should_close() is closes  # as the head of the reply said


def test_a_reply_to_a_body_that_could_not_be_read_ends_the_connection(pair: tuple[Connection, socket.socket]) -> None:
    conn, _ = pair
    conn.request.add(LENGTH[:-3])
    conn.request.cut_off(TimeoutError())
    request = next(conn.parser)
    with pytest.raises(TimeoutError):
        request.body.read()
    assert request.should_close()
