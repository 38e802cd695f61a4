"""deploy/healthcheck.py against a real little server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.healthcheck import fault

SCRIPT = Path(__file__).parents[2] / "deploy/healthcheck.py"


class Service(BaseHTTPRequestHandler):
    answer = (200, b'{"ready":true}')

    def do_GET(self) -> None:
        status, body = self.answer if self.path == "/health/ready" else (404, b"")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so in http.server
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_ready_service_has_no_fault(port: int, host: str) -> None:
    assert fault(f"{host}:{port}") is None


def test_a_service_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        bind = f"127.0.0.1:{deaf.getsockname()[1]}"
        assert fault(bind, timeout=0.05) == f"{bind} does not answer: timed out"


def test_the_script_says_by_its_status_what_it_found(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> tuple[int, str]:
        environ = {**os.environ, "SERVE_BIND": f"0.0.0.0:{port}"}
        command = [sys.executable, "-I", "-S", str(SCRIPT)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout + done.stderr

    assert run() == (0, "")
    monkeypatch.setattr(Service, "answer", (503, b'{"ready":false,"reason":"no champion"}'))
    assert run() == (1, f'0.0.0.0:{port} answers 503: {{"ready":false,"reason":"no champion"}}\n')
