"""Clients that send slowly, read slowly or ask nothing: they hold no thread, and end at their deadline."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.conftest import publish
from tests.e2e.server import ROW, Server, head, on_each_server, serving, wait_until

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
OPENAPI = LIVE.replace(b"/health/live", b"/openapi.json")
LONG = head(Content_Length=500_000) + b" " * 200_000
SHAPES = {
    "head": b"POST /predict_json HTTP/1.1\r\n",
    "body": head(Content_Length=len(ROW)) + ROW[:5],
    "chunked": head(Transfer_Encoding="chunked") + b"3\r\n[6,\r\n",
    "long body": LONG,
    "nothing": b"",
}


@pytest.fixture(scope="module")
def server(software: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one worker with two threads, and with as many connections as 300 open files allow."""
    models = tmp_path_factory.mktemp("slow") / "models"
    publish(models)
    command = ("prlimit", "--nofile=300:300", sys.executable, "-m", "app")
    with serving(models, workers=1, command=command, SERVE_THREADS="2", SERVE_REQUEST_TIMEOUT="2") as server:
        yield server


def dripping(server: Server, stack: ExitStack, start: bytes, count: int) -> list[socket.socket]:
    connections = [stack.enter_context(server.connect()) for _ in range(count)]
    for connection in connections:
        connection.sendall(start)
    return connections


@pytest.mark.parametrize(
    ("software", "shape"),
    [*(("gunicorn", shape) for shape in SHAPES), ("granian", "head"), ("granian", "nothing")],  # a body holds a thread
    indirect=["software"],
    scope="module",
)
def test_the_others_are_answered_beside_clients_that_send_slowly(server: Server, shape: str) -> None:
    with ExitStack() as stack:
        dripping(server, stack, SHAPES[shape], 16)
        for _ in range(20):
            assert server.ask(seconds=1)[0] == 200


@pytest.mark.parametrize(
    ("request_id", "start", "drop"),
    [
        ("late-body", {"Content_Length": 100}, b" "),
        ("late-chunked", {"Transfer_Encoding": "chunked"}, b"1\r\n \r\n"),
        ("late-long-body", {"Content_Length": 500_000}, b" "),
    ],
)
def test_a_request_that_is_not_whole_in_time_is_answered_with_408_and_logged(
    server: Server, request_id: str, start: dict[str, object], drop: bytes
) -> None:
    with server.connect() as connection:
        began = time.monotonic()
        connection.sendall(head(X_Request_ID=request_id, **start))
        connection.settimeout(0.25)
        reply = b""
        while not reply and time.monotonic() < began + 10:
            with suppress(TimeoutError):
                connection.sendall(drop)  # a drop now and then does not put it off
                reply = connection.recv(4096)
        assert 1.5 < time.monotonic() - began < 4
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in reply
        assert b"(SERVE_REQUEST_TIMEOUT)" in reply
    (row,) = server.rows("requests", request_id)
    assert row["status"] == "408"


def test_a_head_that_is_not_whole_in_time_ends_its_connection(server: Server) -> None:
    assert server.exchange(SHAPES["head"]) == b""


@on_each_server
def test_a_client_that_does_not_read_its_replies_holds_no_thread_and_gets_them_whole_in_the_end(server: Server) -> None:
    last = OPENAPI.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    expected = server.exchange(last).partition(b"\r\n\r\n")[2]
    count = (8 << 20) // len(expected)  # more than the network's buffers take
    with ExitStack() as stack:
        for _ in range(4):
            lazy = stack.enter_context(socket.socket())
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(("127.0.0.1", server.port))
            lazy.sendall(OPENAPI * count + last)
        for _ in range(20):
            assert server.ask(seconds=2)[0] == 200
        lazy.settimeout(30)
        received = b"".join(iter(lambda: lazy.recv(1 << 20), b""))
        assert received.count(expected) == count + 1


def test_when_connections_run_out_the_one_that_waits_longest_gives_way(server: Server) -> None:
    before = server.workers()
    with ExitStack() as stack:
        idle = dripping(server, stack, b"", 400)
        for _ in range(20):
            assert server.ask(seconds=2)[0] == 200
        idle[0].settimeout(5)
        assert idle[0].recv(1) == b""
        idle[-1].sendall(LIVE)
        assert b" 200 OK" in idle[-1].recv(4096)
    assert server.workers() == before


@on_each_server
def test_requests_sent_behind_each_other_are_answered_in_order(server: Server) -> None:
    asked = b"".join(head(Content_Length=len(ROW), X_Request_ID=f"piped-{n}") + ROW for n in range(50))
    with server.connect() as connection:
        connection.sendall(asked)
        received = b""
        while received.count(b"success") < 50:
            received += connection.recv(65536)
    ids = [line.split()[1].decode() for line in received.split(b"\r\n") if line.lower().startswith(b"x-request-id")]
    assert ids == [f"piped-{n}" for n in range(50)]


def test_a_refused_client_that_goes_on_sending_gets_its_reply_and_holds_no_thread(server: Server) -> None:
    with ExitStack() as stack:
        for connection in dripping(server, stack, head("/nowhere", Content_Length=1 << 30), 16):
            assert b" 404 " in connection.recv(4096)
        for _ in range(20):
            assert server.ask(seconds=0.4)[0] == 200
    wait_until(server.ready, "a ready server")
