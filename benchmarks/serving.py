"""The service as a benchmark starts it, on a free port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def serving(logs: str, *, workers: int = 1, models: str = "", app: str = "app:create_app()") -> Iterator[int]:
    """The service, or another application in its place; one worker alone stays on the first core. Gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = {"SERVE_BIND": f"127.0.0.1:{port}", "SERVE_WORKERS": str(workers), "SERVE_LOGS": logs}
    settings |= {"SERVE_MODELS": models} if models else {}
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--log-level", "error", app]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        preexec_fn=(lambda: pin(0)) if workers == 1 else None,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("the service did not start; `make serve` says why")
                time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()


def pin(core: int) -> None:
    """Stay on one core, where the system can do that and has two."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})
