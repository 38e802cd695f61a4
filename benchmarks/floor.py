"""The service beside the same Flask and gunicorn returning a constant, in turn, in one run.

``make bench``, or ``python benchmarks/floor.py [ROUNDS]``. The service logs every request and prediction to the disk as
always. One worker on one core and the client on the other: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import REQUEST, ask, connect
from benchmarks.serving import Server, percentiles, ratios, serving, times

CONNECTIONS, SECONDS = 8, 4.0
APPS = {"constant": "benchmarks.constant:create_app()", "service": "app:create_app()"}


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


def start_seconds(app: str, logs: str) -> float:
    """Return how long a server takes from its start to its first reply with status 200."""
    start = time.perf_counter()
    with serving(logs, app=app) as server, connect(server.port) as connection:
        ask(connection, REQUEST)
        return time.perf_counter() - start


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs, ExitStack() as running:
        starts = [{name: start_seconds(app, logs) for name, app in APPS.items()} for _ in range(rounds)]
        contenders = [Contender(name, running.enter_context(serving(logs, app=app))) for name, app in APPS.items()]
        for _ in range(rounds + 1):
            for contender in contenders:
                contender.measure()
        for contender in contenders:
            del contender.loads[0], contender.cpu[0]  # a warm-up
        print(f"{rounds} rounds of {SECONDS:g} s in turn, {CONNECTIONS} connections, one row a request, one worker")
        print("            requests/s   p50 ms   p99 ms   CPU us a request   PSS MB   s to the first 200")
        for contender in contenders:
            p50, p99 = (median(percentiles(contender.loads, part)) for part in (50, 99))
            rate, cpu = median(contender.rates), median(contender.cpu)
            start = median(of_round[contender.name] for of_round in starts)
            figures = f"{rate:10.0f}  {p50:7.2f}  {p99:7.2f}  {cpu:17.0f}  {contender.pss():7.0f}  {start:19.2f}"
            print(f"{contender.name:10}  {figures}")
        constant, service = contenders
        print(f"ratio of requests/s, round by round: {ratios(service.rates, constant.rates)}")
        print(f"ratio of CPU, round by round: {ratios(service.cpu, constant.cpu)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
