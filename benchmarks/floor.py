"""The service beside the same Flask and gunicorn returning a constant, in turn, in one run.

``make bench``, or ``python benchmarks/floor.py [ROUNDS]``. The service logs every request and prediction to the disk as
always. One worker on one core and the client on the other: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
CONNECTIONS, SECONDS = 8, 4.0
APPS = {"constant": "benchmarks.constant:create_app()", "service": "app:create_app()"}


class Contender:
    """One server with one worker, and what was measured of it."""

    def __init__(self, name: str, logs: Path) -> None:
        self.name = name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {"SERVE_BIND": f"127.0.0.1:{self.port}", "SERVE_WORKERS": "1", "SERVE_LOGS": str(logs)}
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--log-level", "error", APPS[name]]
        start = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while b" 200 OK" not in self._ask():
            if self.process.poll() is not None:
                sys.exit(f"{name}: did not start; `make serve` says why")
            time.sleep(0.005)
        self.start_seconds = time.perf_counter() - start
        self.rates: list[float] = []
        self.p50: list[float] = []
        self.p99: list[float] = []
        self.cpu: list[float] = []

    def _ask(self) -> bytes:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as connection:
            request = (
                "POST /predict_json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n"
            )
            connection.sendall(request.encode() + b"Connection: close\r\n\r\n[6, 250, 66.5]")
            return connection.recv(4096)
        return b""

    def measure(self) -> None:
        """One round of load."""
        command = [sys.executable, "benchmarks/client.py", str(self.port), str(CONNECTIONS), str(SECONDS)]
        if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
            command = ["taskset", "--cpu-list", "1", *command]
        before = self._cpu_seconds()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        times = sorted(int(line) for line in done.stdout.split())
        self.cpu.append((self._cpu_seconds() - before) / len(times) * 1e6)
        self.rates.append(len(times) / SECONDS)
        self.p50.append(times[len(times) // 2] / 1e6)
        self.p99.append(times[len(times) * 99 // 100] / 1e6)

    def pin(self) -> None:
        """Give the worker the first core."""
        for pid in self._workers():
            subprocess.run(["taskset", "--all-tasks", "--cpu-list", "--pid", "0", str(pid)], check=False, stdout=-3)

    def pss(self) -> float:
        """The worker's proportional share of memory, in MB: its own pages, and its part of the shared ones."""
        (pid,) = self._workers()
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) / 1000

    def _cpu_seconds(self) -> float:
        (pid,) = self._workers()
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _workers(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs, ExitStack() as ends:
        starts: dict[str, list[float]] = {name: [] for name in APPS}
        for _ in range(rounds):
            for name in APPS:
                contender = Contender(name, Path(logs))
                starts[name].append(contender.start_seconds)
                contender.stop()
        contenders = [Contender(name, Path(logs)) for name in APPS]
        for contender in contenders:
            ends.callback(contender.stop)
            contender.pin()
            contender.measure()  # a warm-up
            for figures in (contender.rates, contender.p50, contender.p99, contender.cpu):
                figures.clear()
        for _ in range(rounds):
            for contender in contenders:
                contender.measure()
        print(f"{rounds} rounds of {SECONDS:g} s in turn, {CONNECTIONS} connections, one row a request, one worker")
        print("            requests/s   p50 ms   p99 ms   CPU us a request   PSS MB   s to the first 200")
        for one in contenders:
            rate, p50, p99, cpu = (median(values) for values in (one.rates, one.p50, one.p99, one.cpu))
            start = median(starts[one.name])
            print(f"{one.name:10}  {rate:10.0f}  {p50:7.2f}  {p99:7.2f}  {cpu:17.0f}  {one.pss():7.0f}  {start:19.2f}")
        constant, service = contenders
        for figure, ours, floor in (("requests/s", service.rates, constant.rates), ("CPU", service.cpu, constant.cpu)):
            ratios = sorted(a / b for a, b in zip(ours, floor, strict=True))
            print(f"ratio of {figure}, round by round: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
