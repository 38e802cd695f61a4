"""Stopping and reloading under load: nobody who got a connection is left without a reply."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import publish
from tests.e2e.load import load
from tests.e2e.server import ROW, serving, wait_until
from tests.e2e.test_loss import assert_each_answer_is_logged_once

pytestmark = pytest.mark.slow


@pytest.fixture
def models(tmp_path: Path) -> Path:
    publish(tmp_path / "models")
    return tmp_path / "models"


@pytest.mark.parametrize("workers", [1, 4])
def test_at_sigterm_every_request_is_answered_and_the_server_is_gone(
    models: Path, tmp_path: Path, workers: int
) -> None:
    with serving(models, tmp_path / "logs", workers=workers) as server:
        with load(server.port) as seen:
            wait_until(lambda: len(server.rows("requests")) > 300, "rows")
            assert server.stop() == 0
        assert seen.broken == []
        assert seen.others == []
        assert seen.refused > 0
        assert_each_answer_is_logged_once(server, seen)


def test_at_sighup_no_request_fails_and_all_workers_are_new(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs") as server:
        with load(server.port) as seen:
            for _ in range(3):
                old = wait_until(lambda: len(pids := set(server.workers())) == 4 and pids, "four workers")
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda old=old: len(pids := set(server.workers())) == 4 and not pids & old, "new workers")
                count = len(server.rows("requests"))
                wait_until(lambda count=count: len(server.rows("requests")) > count + 100, "rows")
        assert seen.broken == []
        assert seen.others == []
        assert seen.refused == 0
        assert_each_answer_is_logged_once(server, seen)


def test_a_request_that_is_half_sent_at_sigterm_is_answered(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", workers=1) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = f"POST /predict_json HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(ROW)}\r\n"
            connection.sendall(head.encode() + b"Host: x\r\n\r\n" + ROW[:5])
            wait_until(lambda: server.ask()[0] == 200, "a server that has read what was sent")
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "Handling signal: term" in server.output.read_text(), "a server that stops")
            connection.sendall(ROW[5:])
            connection.settimeout(30)
            assert b" 200 OK" in connection.recv(4096)
        assert server.stop() == 0


def test_connections_on_which_nothing_is_asked_keep_nobody_waiting(models: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with serving(models, logs, workers=1, SERVE_THREADS="1") as server, ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert server.ask(seconds=4)[0] == 200
        assert server.stop(seconds=10) == 0


def test_what_was_opened_ahead_is_answered_when_it_asks(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", workers=1) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            assert server.ask()[0] == 200  # so that the connection before was taken up
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "Handling signal: term" in server.output.read_text(), "a server that stops")
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.settimeout(30)
            assert b" 200 OK" in connection.recv(4096)
        assert server.stop() == 0


def test_more_connections_than_files_may_be_open_are_kept_waiting(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", workers=1, files=128) as server, ExitStack() as opened:
        before = server.workers()
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30)) for _ in range(200)
        ]
        for connection in connections[:40]:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 OK" in connection.recv(4096)
        for connection in connections:
            connection.close()
        assert server.ask()[0] == 200
        assert server.workers() == before


def test_after_its_master_was_killed_it_can_be_started_again_at_once(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs") as server:
        server.process.kill()
        server.process.wait()
        with serving(models, tmp_path / "logs", port=server.port, wait=False) as again:
            wait_until(again.workers, "workers of its own, as others may still answer")
            wait_until(again.ready, "a ready server")
            assert again.ask()[0] == 200
