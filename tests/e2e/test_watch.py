"""The monitor beside the service, as `make run` starts it: it ends with the service, and never in its way."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.server import ROOT, Server, environment, serving, wait_until

MAKE = ("make", "--no-print-directory", "run")


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    return bool(command_line(pid))  # a dead one that nobody asked after has none


@contextmanager
def made_run(models: Path, **env: str) -> Iterator[tuple[Server, int, int]]:
    """Run `make run`, until it is ready. Yields it, and the process ids of gunicorn's master and of the watch."""
    with serving(models, command=MAKE, workers=1, **env) as server:
        (master,) = children(server.process.pid)
        watch = wait_until(
            lambda: [pid for pid in children(master) if "monitor watch --with-parent" in command_line(pid)], "a watch"
        )
        yield server, master, watch[0]


@pytest.mark.parametrize("ending", ["SIGTERM to make", "Ctrl-C", "kill -9 of the master"])
def test_the_monitor_ends_with_the_service(models: Path, ending: str) -> None:
    with made_run(models) as (server, master, watch):
        assert server.ask()[0] == 200
        if ending == "SIGTERM to make":
            server.process.terminate()
        elif ending == "Ctrl-C":
            for pid in (server.process.pid, master, *children(master)):  # as the terminal does
                os.kill(pid, signal.SIGINT)
        else:
            os.kill(master, signal.SIGKILL)
        server.process.wait(40)
        wait_until(lambda: not is_alive(watch), "the end of the watch")
        assert "Traceback" not in server.output.read_text()


def test_a_service_that_does_not_start_leaves_no_monitor_behind(models: Path) -> None:
    with serving(models) as server:
        logs, busy = str(models.parent / "others"), f"127.0.0.1:{server.port}"
        environ = environment(SERVE_MODELS=str(models), SERVE_LOGS=logs, SERVE_BIND=busy)
        done = subprocess.run(MAKE, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0
        assert f"SERVE_BIND={busy}: can't be bound" in done.stderr
        left = [pid for pid in os.listdir("/proc") if pid.isdecimal() and "monitor watch" in command_line(int(pid))]
        assert [pid for pid in left if logs in Path(f"/proc/{pid}/environ").read_text()] == []


def test_a_monitor_that_is_killed_is_no_matter_to_the_service_and_no_zombie(models: Path) -> None:
    with made_run(models) as (server, _, watch):
        os.kill(watch, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{watch}").exists(), "the end of the watch")
        assert server.ask()[0] == 200
        assert "Worker (pid" not in server.output.read_text()


@pytest.mark.parametrize("command", [(*MAKE, "SERVE_MONITOR=0"), ("make", "serve")])
def test_it_can_be_left_out(models: Path, command: tuple[str, ...]) -> None:
    with serving(models, command=command, workers=1) as server:
        (master,) = children(server.process.pid)
        assert [pid for pid in children(master) if "monitor" in command_line(pid)] == []
        assert not (models.parent / "logs/boston/reports").exists()
