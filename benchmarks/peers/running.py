"""A contender's processes: started on the first core, asked until they answer, weighed, and ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import connect, exchange
from benchmarks.peers.contenders import Contender
from benchmarks.serving import Server, free_port, pin

ROOT = Path(__file__).parents[2]
SERVERS = Path(__file__).parent / "servers"
START_TIMEOUT, STOP_TIMEOUT = 120.0, 10.0


class ContenderError(Exception):
    """A contender did not start, or did not answer as it should; the message is one line."""


@dataclass(frozen=True)
class Running:
    """A contender that was started: its port, its first process, when that was, and the file of its output."""

    port: int
    process: subprocess.Popen[bytes]
    started: float  # by the monotonic clock
    output: Path

    def first_reply(self, request: bytes) -> bytes:
        """Ask again and again until there is a reply with status 200. Return its body.

        Raises:
            ContenderError: if the first process ends, or there is none in time.
        """
        while True:
            try:
                with connect(self.port) as connection:
                    connection.settimeout(START_TIMEOUT)
                    return exchange(connection, request)
            except (OSError, SystemExit) as failure:  # it doesn't listen yet, or says that it isn't ready
                if self.process.poll() is not None:
                    raise ContenderError(reason(self.output)) from None
                if time.monotonic() > self.started + START_TIMEOUT:
                    raise ContenderError(f"not ready after {START_TIMEOUT:g} s: {failure}") from None
                time.sleep(0.005)

    def load(self, connections: int, seconds: float, request: Path) -> subprocess.Popen[bytes]:
        """Start clients on the second core; see :meth:`benchmarks.serving.Server.load`."""
        return Server(self.port, self.process.pid).load(connections, seconds, core=1, request=request)

    def cpu_seconds(self) -> float:
        """Return the CPU that all processes have used together."""
        return sum(family(self.process.pid).values())

    def memory(self) -> float:
        """Return the proportional share of memory of all processes together, in MB."""
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in family(self.process.pid)]
        return sum(int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) for text in rollups) / 1000


@contextmanager
def running(contender: Contender, binaries: Path, version: Path, folder: Path) -> Iterator[Running]:
    """Start a contender, and end it with its children.

    Args:
        binaries: the folder of its environment's programs.
        version: the folder of the published version that it serves.
        folder: an empty one for what it writes, and for its output.

    Raises:
        ContenderError: if what it serves can't be prepared.
    """
    port, output = free_port(), folder / "output"
    environ = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PEERS_VERSION": str(version)}
    environ |= {name: value.format(port=port, folder=folder) for name, value in contender.settings.items()}
    environ["DO_NOT_TRACK"] = "1"  # BentoML and MLflow would report that they were used
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start compiles all that it imports

    def start(command: str) -> subprocess.Popen[bytes]:
        program, *words = command.format(port=port, folder=folder).split()
        with output.open("ab") as file:
            return subprocess.Popen(
                [binaries / program, *words],
                cwd=SERVERS if contender.requirements else ROOT,
                env=environ,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: pin(0),
            )

    if contender.prepare and start(contender.prepare).wait():
        raise ContenderError(reason(output))
    started = time.monotonic()
    process = start(contender.command)
    try:
        yield Running(port, process, started, output)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process and its children to end, and kill those that don't."""
    pids = family(process.pid).keys()
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while left := pids & processes().keys():
        if time.monotonic() > deadline:
            _signal(left, signal.SIGKILL)
        time.sleep(0.01)
    process.wait()


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def family(first: int) -> dict[int, float]:
    """Return a process and its children and theirs, by their ids, with the seconds of CPU that each has used."""
    every = processes()
    found: dict[int, float] = {}
    new = {first} & every.keys()
    while new:
        found |= {pid: every[pid][1] for pid in new}
        new = {pid for pid, (parent, _) in every.items() if parent in new}
    return found


def processes() -> dict[int, tuple[int, float]]:
    """Return the parent of each process that has not ended, and its seconds of CPU, by its id."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            state, parent, *fields = file.read_text().rpartition(")")[2].split()
            if state != "Z":
                ticks = int(fields[9]) + int(fields[10])
                found[int(file.parent.name)] = (int(parent), ticks / os.sysconf("SC_CLK_TCK"))
    return found


def reason(output: Path) -> str:
    """Return the first line of a contender's output that names a Python error, or else its last line."""
    text = output.read_text(errors="replace").strip()
    error = re.search(r"^[\w.]+(?:Error|Exception): .*", text, re.MULTILINE)
    return error[0] if error else text.rpartition("\n")[2] or "it ended without a word"
