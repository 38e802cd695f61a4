"""Storms: clients ask and tell truths without a pause while workers are killed or the disk fails; the log must fit."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from journal import LogReader, daily_files
from tests.conftest import publish
from tests.e2e.load import TRUTH, Replies, load, sent_message, sent_row, sent_truths
from tests.e2e.server import free_port, serving, wait_until

SHIM = Path(__file__).with_name("disk_faults.c")
_EVERY = 60  # one system call in so many fails


@dataclass
class Tally:
    """What a storm did and what it left behind.

    Attributes:
        lost: replies with status 200 without a request row of status 200, their prediction row or one of their truths.
        doubled: requests with a row twice, and truths that are there twice.
        false: rows of status 200 whose client got a reply of another status.
        torn: lines that readers skip, because they were not written whole.
        unknown: rows that readers take for whole and that do not hold what was sent.
        statuses: how many replies had each status.
        broken: requests whose connection ended without a whole reply.
    """

    faults: int
    lost: int = 0
    doubled: int = 0
    false: int = 0
    torn: int = 0
    unknown: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0

    @property
    def wrong(self) -> int:
        """What must be zero."""
        return self.lost + self.doubled + self.false + self.unknown


def compare(folder: Path, replies: Replies, faults: int) -> Tally:
    """Compare what clients got with what a model's log folder holds."""
    tally = Tally(faults, broken=len(replies.broken))
    tally.statuses = Counter(reply.status for reply in replies.by_id.values())
    requests: Counter[str] = Counter()
    predictions: dict[str, list[float]] = {}
    truths: Counter[tuple[str, int, float]] = Counter()
    for stream in ("requests", "predictions", "feedback"):
        for path in daily_files(folder, stream):
            reader = LogReader(path)
            for row in reader:
                key = row["request_id"]
                if not key.startswith(("load", TRUTH)):
                    continue
                if stream == "requests":
                    tally.unknown += row["body"] != sent_message(key)[1]
                    requests[key] += row["status"] == "200"
                elif stream == "feedback":
                    truth = int(row["row"]), float(row["actual"])
                    tally.unknown += truth not in sent_truths(key)
                    truths[key, *truth] += 1
                else:
                    tally.unknown += [float(row[name]) for name in ("rm", "tax", "age")] != sent_row(key)
                    predictions.setdefault(key, []).append(float(row["prediction"]))
            tally.torn += reader.torn
    for key, number in replies.predictions.items():
        if key.startswith(TRUTH):
            told = all(truths[key, *truth] for truth in sent_truths(key))
        else:
            told = number in predictions.get(key, [])
        tally.lost += not requests[key] or not told
    tally.doubled = sum(count > 1 for count in requests.values())
    tally.doubled += sum(len(numbers) > 1 for key, numbers in predictions.items() if requests[key])
    tally.doubled += sum(count > 1 for (key, *_), count in truths.items() if requests[key])
    others = [key for key, reply in replies.by_id.items() if reply.status != 200]
    tally.false = sum(requests[key] > 0 for key in others)
    return tally


def kill_storm(folder: Path, seconds: float) -> Tally:
    """Kill workers with SIGKILL, and now and then the master, which is started again."""
    faults, chance, port = 0, random.Random(20), free_port()
    publish(folder / "models")
    deadline = time.monotonic() + seconds
    with load(port, feedback=True) as replies:
        while time.monotonic() < deadline:
            with serving(folder / "models", port=port, wait=False) as server:
                wait_until(server.ready, "a ready server")
                round_end = min(deadline, time.monotonic() + seconds / 4)
                while time.monotonic() < round_end:
                    time.sleep(chance.uniform(0.02, 0.3))  # a kill has to come at any moment
                    with suppress(ProcessLookupError, IndexError):
                        os.kill(chance.choice(server.workers()), signal.SIGKILL)
                        faults += 1
                workers = server.workers()
                server.process.kill()
                server.process.wait()
                faults += 1
                wait_until(lambda pids=workers: not any(map(_runs, pids)), "workers that follow their master")
    return compare(folder / "logs/boston", replies, faults)


def stop_storm(folder: Path, seconds: float) -> Tally:
    """Stop workers for a moment with SIGSTOP, restart all with SIGHUP, and stop and start the service."""
    faults, chance, port = 0, random.Random(21), free_port()
    publish(folder / "models")
    deadline = time.monotonic() + seconds
    with load(port, feedback=True) as replies:
        while time.monotonic() < deadline:
            with serving(folder / "models", port=port) as server:
                round_end = min(deadline, time.monotonic() + seconds / 3)
                while time.monotonic() < round_end:
                    faults += 1
                    if chance.random() < 0.1:
                        server.process.send_signal(signal.SIGHUP)
                    time.sleep(chance.uniform(0.05, 0.3))
                    with suppress(ProcessLookupError, IndexError):
                        pid = chance.choice(server.workers())
                        os.kill(pid, signal.SIGSTOP)
                        time.sleep(chance.uniform(0.01, 0.4))
                        os.kill(pid, signal.SIGCONT)
                faults += 1
    return compare(folder / "logs/boston", replies, faults)


def disk_storm(kinds: str, durability: str = "write", every: int = _EVERY) -> Callable[[Path, float], Tally]:
    """Return a storm in which system calls on the log files fail; the kinds are disk_faults.c's letters."""

    def storm(folder: Path, seconds: float) -> Tally:
        publish(folder / "models")
        count, switch, shim = folder / "count", folder / "switch", folder / "disk_faults.so"
        subprocess.run([shutil.which("cc") or "cc", "-shared", "-fPIC", "-O2", "-o", shim, SHIM, "-ldl"], check=True)
        variables = {
            "LD_PRELOAD": str(shim),
            "FAULT_FOLDER": str(folder / "logs"),
            "FAULT_KINDS": kinds,
            "FAULT_EVERY": str(every),
            "FAULT_SWITCH": str(switch),
            "FAULT_COUNT": str(count),
        }
        service = serving(folder / "models", SERVE_DURABILITY=durability, **variables)
        with service as server, load(server.port, feedback=True) as replies:
            switch.touch()
            deadline = time.monotonic() + seconds
            while (left := deadline - time.monotonic()) > 0:
                time.sleep(min(left, 2))
                if "k" in kinds:
                    server.process.send_signal(signal.SIGHUP)  # workers that die young make the next ones wait
            switch.unlink()
            wait_until(server.ready, "a server that recovered by itself")
            server.wait_for_requests(100)
        return compare(folder / "logs/boston", replies, count.stat().st_size if count.exists() else 0)

    return storm


STORMS: dict[str, Callable[[Path, float], Tally]] = {
    "workers and master killed": kill_storm,
    "workers stopped, service restarted": stop_storm,
    "writes fail with EIO": disk_storm("e"),
    "disk full in the middle of a write": disk_storm("n"),
    "disk full, and the cut-back fails too": disk_storm("nt", every=20),
    "short writes": disk_storm("s"),
    "killed in the middle of a write": disk_storm("k", every=200),
    "syncs fail with EIO": disk_storm("y", "fsync"),
    "locks fail": disk_storm("l"),
    "unlocks say EIO": disk_storm("u"),
    "all of these": disk_storm("ensktylu", "fsync", every=200),
}


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
