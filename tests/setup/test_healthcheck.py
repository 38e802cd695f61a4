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

from app.settings import Settings
from deploy.healthcheck import bind_of, fault

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


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "*", "localhost"])
def test_a_ready_service_has_no_fault(port: int, host: str) -> None:
    assert fault(f"{host}:{port}") is None


class UnixServer(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", 80

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        return self.socket.accept()[0], ("", 0)


def test_a_unix_socket_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    bind = f"unix:{path}"
    assert "No such file" in str(fault(bind))
    with UnixServer(str(path), Service) as server:  # type: ignore[arg-type]  # a path is an address, too
        thread = Thread(target=server.handle_request)
        thread.start()
        assert fault(bind) is None
        thread.join()
    assert "refused" in str(fault(bind))


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"PORT": "8080"},
        {"PORT": "5000", "AIP_HTTP_PORT": "8080"},
        {"PORT": "5000", "SERVE_BIND": "unix:/run/x"},
        {"PORT": ""},
        {"SERVE_BIND": "*:80"},
    ],
)
def test_it_asks_where_the_service_listens(environ: dict[str, str]) -> None:
    ours = Settings.from_env(environ)
    assert Settings(bind=bind_of(environ)).address == ours.address


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
