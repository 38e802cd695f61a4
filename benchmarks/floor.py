"""The service on each server beside a Flask view that returns a constant, in turn, in one run.

``make bench``, or ``python benchmarks/floor.py [ROUNDS]``. The constant has its server as it comes: gunicorn's own
threaded worker with as many threads, and Granian with its defaults. The service logs every request and prediction as
always. Beside them stands about the least that does the same work, in one function (bare.py), on the service's workers.
One worker on one core and the client on the other: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import REQUEST, ask, connect
from benchmarks.serving import BARE, CONSTANT, SERVERS, SERVICE, Server, percentiles, ratios, serving, times

CONNECTIONS, SECONDS = 8, 4.0
APPS = {"constant": CONSTANT, "service": SERVICE, "bare": BARE}
NAMES = [f"{what} on {software}" for software in SERVERS for what in APPS]


@dataclass
class Contender:
    """One server with one worker, and what was measured of it: each round's times in ms, and CPU us a request."""

    name: str
    server: Server
    loads: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Load the server for one round."""
        before = self._cpu_seconds()
        self.loads.append(times(self.server.load(CONNECTIONS, SECONDS, core=1)))
        self.cpu.append((self._cpu_seconds() - before) / len(self.loads[-1]) * 1e6)

    @property
    def rates(self) -> list[float]:
        return [len(load) / SECONDS for load in self.loads]

    def pss(self) -> float:
        """Return the worker's proportional share of memory, in MB: its own pages, and its part of the shared ones."""
        text = Path(f"/proc/{self.server.worker()}/smaps_rollup").read_text()
        return int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) / 1000

    def _cpu_seconds(self) -> float:
        user, system = Path(f"/proc/{self.server.worker()}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def start(name: str, logs: str) -> AbstractContextManager[Server]:
    """Start one of :data:`NAMES`."""
    what, _, software = name.partition(" on ")
    return serving(logs, app=APPS[what], software=software, stock=what == "constant")


def start_seconds(name: str, logs: str) -> float:
    """Return how long a server takes from its start to its first reply with status 200."""
    began = time.perf_counter()
    with start(name, logs) as server, connect(server.port) as connection:
        ask(connection, REQUEST)
        return time.perf_counter() - began


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs, ExitStack() as running:
        starts = [{name: start_seconds(name, logs) for name in NAMES} for _ in range(rounds)]
        contenders = [Contender(name, running.enter_context(start(name, logs))) for name in NAMES]
        for _ in range(rounds + 1):
            for contender in contenders:
                contender.measure()
        for contender in contenders:
            del contender.loads[0], contender.cpu[0]  # a warm-up
        print(f"{rounds} rounds of {SECONDS:g} s in turn, {CONNECTIONS} connections, one row a request, one worker")
        print("                      requests/s   p50 ms   p99 ms   CPU us a request   PSS MB   s to the first 200")
        for contender in contenders:
            p50, p99 = (median(percentiles(contender.loads, part)) for part in (50, 99))
            rate, cpu = median(contender.rates), median(contender.cpu)
            first = median(of_round[contender.name] for of_round in starts)
            figures = f"{rate:10.0f}  {p50:7.2f}  {p99:7.2f}  {cpu:17.0f}  {contender.pss():7.0f}  {first:19.2f}"
            print(f"{contender.name:20}  {figures}")
        for contender in contenders:
            if contender.name.startswith("constant"):
                constant = contender
                continue
            print(f"{contender.name} to its constant, round by round:")
            print(f"    requests/s {ratios(contender.rates, constant.rates)}")
            print(f"    p99 {ratios(percentiles(contender.loads, 99), percentiles(constant.loads, 99))}")
            print(f"    CPU {ratios(contender.cpu, constant.cpu)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
