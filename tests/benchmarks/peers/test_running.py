"""A contender's processes: all counted, all ended, and their last words told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.peers import running as module
from benchmarks.peers.contenders import Contender, instances
from benchmarks.peers.running import ContenderError, end, family, processes, reason, running

BINARIES = Path(sys.executable).parent
# A child in a session of its own and a grandchild, as some servers have them; each says that it is there.
PARENT = """
import subprocess, sys
child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"
leaf = "{before}print('ready', flush=True); import time; time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child, leaf], start_new_session=True).wait()
"""


@contextmanager
def started(before: str = "") -> Iterator[tuple[subprocess.Popen[bytes], set[int]]]:
    """A process with a child and a grandchild, which has run some code, and the ids of all three."""
    command = [sys.executable, "-c", PARENT.replace("{before}", before)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process, set(family(process.pid))


def test_children_in_sessions_of_their_own_are_counted_and_ended() -> None:
    with started() as (process, pids):
        assert len(pids) == 3
        end(process)
    assert pids & processes().keys() == set()


def test_who_does_not_end_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_TIMEOUT", 0.1)
    with started("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); ") as (process, pids):
        end(process)
    assert pids & processes().keys() == set()


@pytest.mark.parametrize("prepare", ["", "python missing.py"])
def test_a_contender_that_can_not_start_says_why(tmp_path: Path, prepare: str) -> None:
    absent = Contender("absent", instances("/predict"), "python missing.py", prepare=prepare)
    with (
        pytest.raises(ContenderError, match=r"can't open file .*missing\.py"),
        running(absent, BINARIES, tmp_path, tmp_path) as server,
    ):
        server.first_reply(b"")


def test_the_reason_is_the_first_error_or_the_last_line(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("starting\nTraceback:\n  File ...\nValueError: no model\nworker.BootError: 3\n[INFO] bye\n")
    assert reason(output) == "ValueError: no model"
    output.write_text("starting\naddress in use\n")
    assert reason(output) == "address in use"
    output.write_text("")
    assert reason(output) == "it ended without a word"
