"""The service as a benchmark starts it, on a free port of this machine, and the clients that load it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.client import connect

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the process id of its master."""

    port: int
    pid: int

    def worker(self) -> int:
        """Return the process id of the one worker."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text())

    def load(
        self, connections: int, seconds: float, core: int | None = None, request: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start clients that ask without a pause, on one core if it is named. They fail at a reply other than 200.

        The request is one row for this service, if no file has another.
        """
        command = [sys.executable, "benchmarks/client.py", str(self.port), str(connections), str(seconds)]
        command += [str(request)] if request else []
        start_on_core = None if core is None else lambda: pin(core)
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=start_on_core)


SERVERS = ("gunicorn", "granian")
SERVICE, CONSTANT, BARE = "app:create_app()", "benchmarks.constant:create_app()", "benchmarks.bare:create_app()"


@contextmanager
def serving(
    logs: str,
    *,
    workers: int = 1,
    models: str = "",
    app: str = SERVICE,
    software: str = "gunicorn",
    stock: bool = False,
) -> Iterator[Server]:
    """Run the service, or another application in its place. One worker alone stays on the first core.

    Args:
        software: which of :data:`SERVERS` speaks HTTP, as SERVE_SERVER names it.
        stock: whether the server runs as it comes, without this project's worker and settings.
    """
    port = free_port()
    settings = {"SERVE_BIND": f"127.0.0.1:{port}", "SERVE_WORKERS": str(workers), "SERVE_LOGS": logs}
    settings |= {"SERVE_MODELS": models} if models else {}
    settings["SERVE_SERVER"] = software
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--log-level", "error", app]
    if stock and software == "gunicorn":
        options = ["--worker-class=gthread", "--threads=4", "--keep-alive=65", "--no-control-socket"]
        command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", f"--workers={workers}", *options, app]
    elif stock:
        options = ["--interface=wsgi", "--factory", "--no-ws", "--log-level=error"]
        options += [f"--port={port}", f"--workers={workers}", app.removesuffix("()")]
        command = [sys.executable, "-m", "granian", *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        preexec_fn=(lambda: pin(0)) if workers == 1 else None,
    )
    server = Server(port, process.pid)
    try:
        while True:
            try:
                connect(port).close()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("the service did not start; `make serve` says why")
                time.sleep(0.005)
        yield server
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def pin(core: int) -> None:
    """Stay on one core, where the system can do that and has two."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def times(clients: subprocess.Popen[bytes]) -> list[float]:
    """Wait for the clients. Return what each request took, ascending, in milliseconds."""
    out = clients.communicate()[0]
    if clients.returncode:
        sys.exit("a request failed")
    return sorted(int(line) / 1e6 for line in out.split())


def percentiles(loads: list[list[float]], percent: int) -> list[float]:
    """Return a percentile of each load's times, which are in order."""
    return [load[len(load) * percent // 100] for load in loads]


def ratios(values: Sequence[float], references: Sequence[float]) -> str:
    """Return the median, the lowest and the highest of the ratios, round by round."""
    ordered = sorted(a / b for a, b in zip(values, references, strict=True))
    return f"{median(ordered):.2f} ({ordered[0]:.2f} to {ordered[-1]:.2f})"
