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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journal import LogReader, daily_files

ROOT = Path(__file__).parent.parent.parent
ROW = b"[6, 250, 66.5]"


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Wait for a condition to become true; returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """One running service, its models and its logs."""

    process: subprocess.Popen[bytes]
    port: int
    models: Path
    logs: Path
    output: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, body: bytes = ROW, path: str = "/predict_json", *, seconds: float = 30, **headers: str
    ) -> tuple[int, Any]:
        """POST on a connection of its own. Returns the status and the reply, parsed if it is JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body, {"Content-Type": "application/json", **named}, seconds)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = 30,
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            content = reply.read()
            parsed = reply.headers.get_content_type() == "application/json"
            return reply.status, json.loads(content) if parsed else content.decode()
        finally:
            connection.close()

    def ready(self) -> bool:
        with suppress(OSError):
            return self.request("GET", "/health/ready")[0] == 200
        return False

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        with suppress(OSError):
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return [int(pid) for pid in text.split()]
        return []

    def rows(self, stream: str) -> list[dict[str, str]]:
        """All whole rows of a stream of the log."""
        return [row for path in daily_files(self.logs / "boston", stream) for row in LogReader(path)]

    def stop(self, seconds: float = 40) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def serving(
    models: Path,
    logs: Path,
    *,
    app: str = "",
    workers: int = 4,
    wait: bool = True,
    port: int = 0,
    files: int = 0,
    **env: str,
) -> Iterator[Server]:
    """Run the service until the end of the block.

    ``app`` puts another application behind the same gunicorn; ``files`` is how many each process may have open.
    """
    port = port or free_port()
    output = logs.parent / f"server-{port}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SERVE_")}
    settings = {
        "SERVE_BIND": f"127.0.0.1:{port}",
        "SERVE_MODELS": str(models),
        "SERVE_LOGS": str(logs),
        "SERVE_WORKERS": str(workers),
    }
    command = ["-m", "app"] if not app else ["-m", "gunicorn", "--config", "gunicorn.conf.py", app]
    limit = ["prlimit", f"--nofile={files}:{files}"] if files else []
    with output.open("ab") as file:
        process = subprocess.Popen(
            [*limit, sys.executable, *command], cwd=ROOT, env={**clean, **settings, **env}, stdout=file, stderr=file
        )
    server = Server(process, port, models, logs, output)
    try:
        if wait:
            wait_until(lambda: server.ready() or process.poll() is not None, f"a ready server, see {output}")
            assert process.poll() is None, output.read_text()
        yield server
    finally:
        children = server.workers()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
