"""Stopping and reloading under load: nobody who got a connection is left without a reply."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.load import assert_each_answer_is_logged_once, load
from tests.e2e.server import EACH_SERVER, ROW, Server, head, serving, wait_until

pytestmark = EACH_SERVER

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(("workers", "durability"), [(1, "write"), (4, "write"), (4, "fsync")])
def test_at_sigterm_every_request_is_answered_and_logged(models: Path, workers: int, durability: str) -> None:
    with serving(models, workers=workers, SERVE_DURABILITY=durability) as server:
        with load(server.port) as replies:
            server.wait_for_requests(300)
            assert server.stop() == 0
        assert (replies.statuses, replies.broken) == ({200}, [])
        assert replies.refused > 0
        assert_each_answer_is_logged_once(server, replies)


def test_at_ctrl_c_it_ends_at_once_even_while_its_threads_start(models: Path) -> None:
    with serving(models, workers=1, SERVE_THREADS="200") as server, ExitStack() as opened:
        connections = [opened.enter_context(server.connect()) for _ in range(200)]
        workers = server.wait_for_workers(1)
        for connection in connections:
            connection.sendall(head(Content_Length=len(ROW)) + ROW)
        for pid in (server.process.pid, *workers):  # as the terminal does
            os.kill(pid, signal.SIGINT)
        server.process.wait(10)  # requests in progress would have 25 s
        assert "panicked" not in server.output.read_text()  # as Rust says it


def test_at_sighup_no_request_fails_and_all_workers_are_new(models: Path) -> None:
    with serving(models) as server:
        with load(server.port) as replies:
            for _ in range(3):
                old = server.wait_for_workers(4)
                server.process.send_signal(signal.SIGHUP)
                server.wait_for_workers(4, without=old)
                server.wait_for_requests(100)
        assert (replies.statuses, replies.broken, replies.refused) == ({200}, [], 0)
        assert_each_answer_is_logged_once(server, replies)


def test_workers_that_are_told_to_end_as_they_begin_leave_the_port_open(models: Path) -> None:
    with serving(models, workers=2) as server:
        workers = server.wait_for_workers(2)
        for _ in range(10):
            os.kill(workers[0], signal.SIGTERM)
            newborn = wait_until(lambda old=workers: set(server.workers()) - set(old), "a new worker")
            for pid in newborn:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)  # as a second SIGHUP does that comes soon after the first
            workers = server.wait_for_workers(2, without=[workers[0]])
        wait_until(server.ready, "a server that can be asked")


@pytest.mark.parametrize(
    ("before", "after"),
    [(head(Content_Length=len(ROW)) + ROW[:5], ROW[5:]), (b"", LIVE)],
    ids=["half sent", "opened ahead"],
)
def test_a_connection_that_was_there_at_sigterm_is_answered(models: Path, before: bytes, after: bytes) -> None:
    with serving(models, workers=1) as server:
        with server.connect() as connection:
            connection.sendall(before)
            wait_until(lambda: server.ask()[0] == 200, "a server that has taken up the connection before")
            server.process.terminate()
            wait_until(lambda: "Handling signal: term" in server.output.read_text(), "a server that stops")
            connection.sendall(after)
            assert b" 200 OK" in connection.recv(4096)
        assert server.stop() == 0


@pytest.fixture
def stopping(models: Path) -> Iterator[tuple[Server, int, list[socket.socket]]]:
    """A server at SIGTERM, its stopped worker, and connections that it has not accepted."""
    with serving(models, workers=1) as server, ExitStack() as opened:
        (worker,) = server.wait_for_workers(1)
        os.kill(worker, signal.SIGSTOP)
        stat = Path(f"/proc/{worker}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "a stopped worker")
        connections = [opened.enter_context(server.connect()) for _ in range(20)]
        server.process.terminate()
        wait_until(lambda: "Handling signal: term" in server.output.read_text(), "a server that stops")
        yield server, worker, connections
        with suppress(ProcessLookupError):  # the test may have let it go on
            os.kill(worker, signal.SIGCONT)
        assert server.stop() == 0


def test_connections_that_wait_to_be_accepted_at_sigterm_are_answered(
    stopping: tuple[Server, int, list[socket.socket]],
) -> None:
    _, worker, connections = stopping
    for connection in connections:
        connection.sendall(LIVE)
    os.kill(worker, signal.SIGCONT)
    for connection in connections:
        assert b" 200 OK" in connection.recv(4096)


def test_no_connection_begins_after_sigterm(stopping: tuple[Server, int, list[socket.socket]]) -> None:
    server, _, _ = stopping
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", server.port), timeout=0.5)


def test_connections_on_which_nothing_is_asked_to_the_end_keep_nobody_waiting(models: Path, software: str) -> None:
    # Granian waits for a head that has begun, until the service ends it.
    starts = (b"", b"POST /predict_json HTTP/1.1\r\n") if software == "gunicorn" else (b"",)
    with serving(models, workers=1, SERVE_THREADS="1") as server, ExitStack() as opened:
        for start in starts * 10:
            opened.enter_context(server.connect()).sendall(start)
        assert server.ask(seconds=4)[0] == 200
        assert server.stop(seconds=10) == 0


def test_after_its_master_was_killed_it_can_be_started_again_at_once(models: Path) -> None:
    with serving(models) as server:
        server.process.kill()
        server.process.wait()
        with serving(models, port=server.port, wait=False) as again:
            wait_until(again.workers, "workers of its own, as others may still answer")
            wait_until(again.ready, "a ready server")
            assert again.ask()[0] == 200


def test_a_kept_connection_to_a_worker_of_a_killed_master_ends_with_a_reply(models: Path) -> None:
    with serving(models, workers=1) as server, server.connect() as connection:

        def ends() -> bool:
            connection.sendall(LIVE)
            reply = b""
            while not reply.endswith(b"}"):  # Granian may send head and body apart
                part = connection.recv(4096)
                assert part, "the connection ended without a whole reply"
                reply += part
            assert b" 200 OK" in reply
            return b"connection: close" in reply.lower()

        assert not ends()
        server.process.kill()
        server.process.wait()
        wait_until(ends, "the end of the connection", seconds=10)


def test_a_stopped_worker_of_a_killed_master_lets_the_port_go(models: Path) -> None:
    with serving(models, workers=2) as server:
        stopped = server.wait_for_workers(2)[0]
        os.kill(stopped, signal.SIGSTOP)
        server.process.kill()
        server.process.wait()
        with serving(models, port=server.port, wait=False) as again:
            wait_until(again.workers, "workers of its own")
            wait_until(again.ready, "a ready server")
        wait_until(lambda: not Path(f"/proc/{stopped}").exists(), "the end of the worker")


def test_at_sigusr2_a_second_master_takes_over_and_no_request_fails(models: Path) -> None:
    with serving(models, workers=1) as server:
        old = server.wait_for_workers(1)
        with load(server.port, processes=1) as replies:
            server.process.send_signal(signal.SIGUSR2)
            (master,) = set(server.wait_for_workers(2)) - set(old)
            children = Path(f"/proc/{master}/task/{master}/children")
            try:
                wait_until(children.read_text, "its worker")
                server.wait_for_requests(50)
                assert server.stop() == 0
                server.wait_for_requests(50)
            finally:
                os.kill(master, signal.SIGTERM)
        assert replies.statuses == {200}
        wait_until(lambda: not Path(f"/proc/{master}").exists(), "the end of the second master")


def test_a_worker_that_dies_young_is_replaced_after_a_pause_while_the_other_goes_on(models: Path) -> None:
    with serving(models, workers=2) as server:
        victim, _ = server.wait_for_workers(2)
        os.kill(victim, signal.SIGKILL)
        server.wait_for_workers(2, without=[victim])
        assert server.ask()[0] == 200
        wait_until(lambda: "starts in 1 s." in server.output.read_text(), "the pause")
        assert server.stop(seconds=10) == 0
