"""Real servers for the tests: started on a free loopback port, ended by their process id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from journal import LogReader, daily_files

ROOT = Path(__file__).parent.parent.parent
ROW = b"[6, 250, 66.5]"
SERVERS = ("gunicorn", "granian")
# Of a module or a test that runs once with each: docs/how-to/granian.md says which ones, and what the others are about.
EACH_SERVER = [
    pytest.mark.usefixtures("software"),
    pytest.mark.parametrize("software", SERVERS, indirect=True, scope="module"),
]
_software = SERVERS[0]


def on_each_server(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test once with each server."""
    for mark in EACH_SERVER:
        test = mark(test)
    return test


@contextmanager
def served_by(software: str) -> Iterator[str]:
    """Let :func:`serving` take this server until the end of the block, where it is not told which."""
    global _software
    before, _software = _software, software
    try:
        yield software
    finally:
        _software = before


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Wait for a condition to become true. Return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)
    return result


def free_port() -> int:
    """Return a port that is free. Two workers of pytest-xdist never get the same one before it is bound."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        if port // 2 % count == worker % count:  # Linux gives out odd ones only
            return port


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of this process without the service's settings, and with some changes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SERVE_")} | changes


def run(module: str, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m module words` with some variables."""
    command = [sys.executable, "-m", module, *words]
    environ = environment(**changes)
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120)


def head(path: str = "/predict_json", **headers: object) -> bytes:
    """Return the head of a POST of JSON, to be sent on a socket. Headers are named with _ for -."""
    fields = {"Host": "x", "Content_Type": "application/json", **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Client:
    """A client of a service on a port of this machine."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, body: bytes = ROW, path: str = "/predict_json", *, seconds: float = 30, **headers: str
    ) -> tuple[int, Any]:
        """POST JSON. Return the status and the reply, parsed if it is JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body, {"Content-Type": "application/json", **named}, seconds)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, seconds: float = 30
    ) -> tuple[int, Any]:
        """Send a request on a connection of its own. Return the status and the reply, parsed if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            content = reply.read()
            parsed = reply.headers.get_content_type() == "application/json"
            return reply.status, json.loads(content) if parsed else content.decode()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """Open a connection, to send bytes on."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def exchange(self, sent: bytes) -> bytes:
        """Send bytes on a connection of its own. Return what comes back until the service ends the connection."""
        with self.connect() as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def status(self, path: str) -> int:
        """Return the status of a GET; 0 if nothing answers."""
        with suppress(OSError):
            return self.request("GET", path)[0]
        return 0

    def ready(self) -> bool:
        return self.status("/health/ready") == 200


@dataclass
class Server(Client):
    """One running service, its models and its logs."""

    process: subprocess.Popen[bytes]
    models: Path
    logs: Path
    output: Path

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        with suppress(OSError):
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return [int(pid) for pid in text.split()]
        return []

    def wait_for_workers(self, count: int, *, without: Sequence[int] = ()) -> list[int]:
        """Wait until there are this many workers, and none of some old ones. Return their process ids."""
        condition = lambda: len(pids := self.workers()) == count and not set(pids) & set(without) and pids  # noqa: E731 - short
        workers: list[int] = wait_until(condition, f"{count} workers")
        return workers

    def rows(self, stream: str, request_id: str = "") -> list[dict[str, str]]:
        """Return the whole rows of a stream of the log: all, or those of one request."""
        paths = (path for folder in self.logs.glob("*") for path in daily_files(folder, stream))
        return [row for path in paths for row in LogReader(path) if request_id in ("", row["request_id"])]

    def wait_for_requests(self, count: int) -> None:
        """Wait until more than this many requests are in the log that were not there before."""
        before = len(self.rows("requests"))
        wait_until(lambda: len(self.rows("requests")) > before + count, f"{count} requests")

    def stop(self, seconds: float = 40) -> int:
        """Stop the service. Return its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)


@contextmanager
def serving(
    models: Path,
    logs: Path | None = None,
    *,
    command: Sequence[str | Path] = (sys.executable, "-m", "app"),
    workers: int = 4,
    wait: bool = True,
    port: int = 0,
    **env: str,
) -> Iterator[Server]:
    """Run the service, or another command with its settings, until the end of the block.

    The logs are beside the models by default.
    """
    logs = logs or models.parent / "logs"
    port = port or free_port()
    output = logs.parent / f"server-{port}.log"
    settings = {
        "SERVE_BIND": f"127.0.0.1:{port}",
        "SERVE_MODELS": str(models),
        "SERVE_LOGS": str(logs),
        "SERVE_WORKERS": str(workers),
        "SERVE_SERVER": _software,
    }
    with output.open("ab") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(**settings | env), stdout=file, stderr=file)
    server = Server(port, process, models, logs, output)
    try:
        if wait:
            wait_until(lambda: server.ready() or process.poll() is not None, f"a ready server, see {output}")
            assert process.poll() is None, output.read_text()
        yield server
    finally:
        children = server.workers()
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
