"""The worker's main thread, turn by turn, over real sockets and a small application."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.server import worker as module
from app.server.worker import Worker
from tests.app.server.test_framing import GET, LENGTH

LARGE = bytes(8 << 20)  # more than a socket's buffers take
CLOSING = GET.replace(b"Host: x", b"Host: x\r\nConnection: close")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the body, or its fault; or with much; or with a file."""
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [("Content-Length", str(Path(__file__).stat().st_size))])
        return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))
    if environ["PATH_INFO"] == "/exit":
        sys.exit("as some libraries do")
    if environ["PATH_INFO"] == "/broken":
        start_response("200 OK", [("Content-Length", "3")])
        return (bytes([1 // (2 - part)]) for part in range(3))
    if environ["PATH_INFO"] == "/large":
        body = LARGE
    elif environ["PATH_INFO"] == "/refused":
        body = b"not read"
    else:
        try:
            body = environ["wsgi.input"].read()
        except TimeoutError:
            body = b"late"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Turns:
    """A worker whose main loop is turned by the test."""

    def __init__(self, stack: ExitStack, connections: int) -> None:
        cfg = Config()
        cfg.set("worker_connections", connections)
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        worker = Worker(0, os.getppid(), [self._listener], None, 30, cfg, Logger(cfg))
        worker.wsgi = application
        worker.tpool = stack.enter_context(ThreadPoolExecutor(1))
        worker.long_requests = stack.enter_context(ThreadPoolExecutor(1))
        worker.poller = stack.enter_context(selectors.DefaultSelector())
        worker.method_queue.init()
        worker.poller.register(worker.method_queue.fileno(), selectors.EVENT_READ, worker.method_queue.run_callbacks)
        worker.set_accept_enabled(True)
        stack.callback(worker.tmp.close)
        stack.callback(worker.method_queue.close)
        stack.callback(lambda: self.until(lambda: self.expire() or not worker.nr_conns))
        self.worker = worker

    def connect(self) -> socket.socket:
        """Return the client's end of a connection that the worker has accepted."""
        before = list(self.worker.waiting)
        client = self._stack.enter_context(socket.create_connection(self._listener.getsockname()))
        self.until(lambda: set(self.worker.waiting) - set(before))
        client.setblocking(False)
        return client

    def until(self, condition: Callable[[], Any]) -> Any:
        """Turn until a condition holds; return what it returned."""
        deadline = time.monotonic() + 20
        while not (result := condition()):
            assert time.monotonic() < deadline
            self.worker.wait_for_and_dispatch_events(0.01)
        return result

    def reply(self, client: socket.socket) -> bytes:
        """Turn until something comes to the client; return it."""
        received: list[bytes] = []

        def receive() -> bool:
            try:
                received.append(client.recv(1 << 16))
            except BlockingIOError:
                return False
            return True

        self.until(receive)
        return received[0]

    def expire(self) -> None:
        """Let the time of each connection that is waited for be over."""
        for conn in self.worker.waiting:
            conn.timeout = 0.0
        self.worker.expire()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    monkeypatch.setattr(module, "_TURN", 0.0)  # the test looks after each event
    logging.getLogger("gunicorn.error").propagate = False
    with ExitStack() as stack:
        yield Turns(stack, connections=4)


def test_requests_in_pieces_and_behind_each_other_are_answered(turns: Turns) -> None:
    client = turns.connect()
    client.sendall(LENGTH[:-5])
    turns.until(lambda: next(iter(turns.worker.waiting)).request.data)
    client.sendall(LENGTH[-5:] + LENGTH)
    received = b""
    while received.count(b"[6, 250, 66.5]") < 2:
        received += turns.reply(client)
    turns.until(lambda: turns.worker.waiting)  # for its next request


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(turns: Turns) -> None:
    client = turns.connect()
    client.sendall(LENGTH[:-16] + b"Expect: 100-continue\r\n\r\n")
    assert turns.reply(client).startswith(b"HTTP/1.1 100 Continue")
    client.sendall(LENGTH[-14:])
    assert turns.reply(client).endswith(LENGTH[-14:])


def test_a_late_body_is_answered_and_a_late_head_or_an_idle_connection_is_closed(turns: Turns) -> None:
    body, head, idle = turns.connect(), turns.connect(), turns.connect()
    body.sendall(LENGTH[:-5])
    head.sendall(LENGTH[:20])
    turns.until(lambda: sum(bool(conn.request.data) for conn in turns.worker.waiting) == 2)
    turns.expire()
    assert turns.reply(body).endswith(b"late")
    assert turns.reply(head) == turns.reply(idle) == b""
    turns.until(lambda: turns.worker.nr_conns == 1)


def test_the_time_that_a_long_request_waits_for_a_thread_is_not_its_clients(turns: Turns) -> None:
    turns.worker.request_timeout = 0.2
    busy = threading.Event()
    turns.worker.long_requests.submit(busy.wait)
    client = turns.connect()
    (conn,) = turns.worker.waiting
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
    turns.until(lambda: not turns.worker.waiting and time.monotonic() > conn.timeout)
    busy.set()
    turns.until(conn.sock.gettimeout)  # until the thread waits for the body
    client.sendall(b"." * 70_000)
    reply = b""
    while not reply.endswith(b"."):
        reply += turns.reply(client)
    assert b"late" not in reply


def test_the_connection_that_waits_longest_gives_way_when_there_are_too_many(turns: Turns) -> None:
    first, second = turns.connect(), turns.connect()
    first.sendall(GET[:5])  # begins to wait anew
    turns.until(lambda: list(turns.worker.waiting)[-1].request.data)
    turns.connect()
    turns.connect()
    assert turns.reply(second) == b""
    first.sendall(GET[5:])
    assert b"200 OK" in turns.reply(first)


def test_a_reply_that_is_not_read_waits_without_a_thread_and_not_for_ever(turns: Turns) -> None:
    lazy, other = turns.connect(), turns.connect()
    lazy.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    turns.until(lambda: any(conn.sock.unsent for conn in turns.worker.waiting))
    other.sendall(GET)
    assert b"200 OK" in turns.reply(other)
    turns.until(lambda: turns.expire() or turns.worker.nr_conns == 0)  # the other may be in its thread still


def test_replies_that_are_not_read_take_bounded_memory(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_UNSENT", len(LARGE))
    for _ in range(3):
        turns.connect().sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    turns.until(lambda: turns.worker.nr_conns < 3)
    kept = sum(len(conn.sock.unsent) for conn in turns.worker.waiting)
    assert kept <= len(LARGE)


def test_the_end_of_a_connection_is_sent_with_its_reply_and_what_comes_behind_is_thrown_away(turns: Turns) -> None:
    client = turns.connect()
    client.sendall(CLOSING)
    assert b"Connection: close" in turns.reply(client)
    assert turns.reply(client) == b""
    client.sendall(GET)
    client.close()
    turns.until(lambda: turns.worker.nr_conns == 0)


def test_a_client_that_is_refused_can_send_the_rest_of_its_request(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LINGER", 30)
    client = turns.connect()
    client.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(LARGE))
    assert b"Connection: close" in turns.reply(client)
    rest = memoryview(LARGE)

    def send() -> bool:
        nonlocal rest
        with suppress(BlockingIOError):
            rest = rest[client.send(rest) :]
        return not rest

    turns.until(send)
    client.close()
    turns.until(lambda: turns.worker.nr_conns == 0)


def test_many_requests_are_answered_before_gunicorn_looks_after_the_master(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = turns.connect()
    client.settimeout(10)
    monkeypatch.setattr(module, "_TURN", 30.0)
    with ThreadPoolExecutor(1) as other:
        turn = other.submit(turns.worker.wait_for_and_dispatch_events, 0.01)
        try:
            for _ in range(3):
                client.sendall(GET)
                assert b"200 OK" in client.recv(4096)
            assert not turn.done()
        finally:
            turns.worker.alive = False
        turn.result(timeout=10)


def test_a_file_is_sent_behind_its_head(turns: Turns) -> None:
    client = turns.connect()
    client.sendall(CLOSING.replace(b"/health/live", b"/file"))
    reply = b"".join(iter(lambda: turns.reply(client), b""))
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == Path(__file__).read_bytes()


@pytest.mark.parametrize("path", [b"/exit", b"/broken"])
def test_a_reply_that_fails_ends_its_connection_and_no_other(turns: Turns, path: bytes) -> None:
    client, other = turns.connect(), turns.connect()
    client.sendall(GET.replace(b"/health/live", path))
    assert turns.reply(client) == b""
    client.close()
    turns.until(lambda: turns.worker.nr_conns == 1)
    other.sendall(GET)
    assert b"200 OK" in turns.reply(other)


def test_at_ctrl_c_no_lock_is_waited_for_that_the_main_thread_may_hold(turns: Turns) -> None:
    with ThreadPoolExecutor(1) as other, turns.worker.tpool._shutdown_lock:  # as it does while it submits
        ended = other.submit(turns.worker.handle_quit, signal.SIGINT, None)
        assert isinstance(ended.exception(timeout=10), SystemExit)
