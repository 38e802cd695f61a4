"""How many requests share a commit with SERVE_DURABILITY=fsync, and what that leaves of the requests a second.

``python benchmarks/fsync.py``, as root and with perf (``apt-get install linux-perf``). 32 clients ask one worker for
one row a request. A commit forces two files to the disk; perf counts these calls.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.request_cost import system_calls
from benchmarks.serving import percentiles, ratios, serving, times

CONNECTIONS, SECONDS, ROUNDS, FILES = 32, 4.0, 5, 2
CASES = [("gunicorn", "4"), ("gunicorn", "32"), ("granian", "64")]


def rates(software: str, threads: str, durability: str) -> tuple[list[float], list[list[float]], float]:
    """Return the requests a second and the times in ms of each round, and how often a request forces a file."""
    os.environ |= {"SERVE_DURABILITY": durability, "SERVE_THREADS": threads}
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs, serving(logs, software=software) as server:
        loads = [times(server.load(CONNECTIONS, SECONDS, core=1)) for _ in range(ROUNDS + 1)][1:]
        forced = system_calls(server, "syscalls:sys_enter_fdatasync", CONNECTIONS)
    return [len(load) / SECONDS for load in loads], loads, forced


def main() -> None:
    print(f"{ROUNDS} rounds of {SECONDS:g} s, {CONNECTIONS} connections, one worker; medians")
    print("                        requests/s   p99 ms   requests a commit   to the same without fsync")
    for software, threads in CASES:
        fast, _, _ = rates(software, threads, "write")
        rate, loads, forced = rates(software, threads, "fsync")
        figures = f"{median(rate):10.0f}  {median(percentiles(loads, 99)):7.1f}  {FILES / forced:18.1f}"
        print(f"{f'{software}, {threads} threads':22}  {figures}   {ratios(rate, fast)}")


if __name__ == "__main__":
    main()
