"""What a request costs in instructions and system calls, which depend less on a machine and its load than times do.

``make bench``, or ``python benchmarks/request_cost.py``. One row a request, both logs on. valgrind counts the
instructions of one process without a server, perf the system calls of a worker under load: ``apt-get install valgrind
linux-perf``. Beside them stands the CPU time in process, against the same Flask returning a constant, each alone in a
process, as they serve: the least of many, because noise can only raise it, in the middle one of five rounds.

The instructions and gunicorn's system calls have bounds: beyond one, the status is 1. Granian's calls stand beside
their goal and have no bound, because its threads wait for the interpreter by system calls, and the busier the machine,
the more often they wait.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count as count_from
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import REQUEST
from benchmarks.serving import SERVERS, Server, pin, ratios, serving, times

MAX_INSTRUCTIONS = 210_000
MAX_SYSTEM_CALLS = 16  # on gunicorn
GOAL_ON_GRANIAN = 10
APPS = {"constant": "benchmarks.constant", "service": "app", "bare": "benchmarks.bare"}
# The metrics add up their ring after 1,024 requests.
WARM_UP, CHUNK, CHUNKS, ROUNDS, COUNTED = 1200, 200, 100, 5, 1000
TICK = 10e-6  # seconds from one question for the time to the next, as without valgrind
BODY = REQUEST.partition(b"\r\n\r\n")[2]

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


def environ() -> dict[str, Any]:
    """Return a request as a WSGI server hands it over."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/predict_json",
        "RAW_URI": "/predict_json",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "x",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }


def start_response(status: str, _: object) -> None:
    if not status.startswith("200"):
        sys.exit(f"expected a reply with status 200, not {status}")


def ask(application: Application) -> None:
    """Make one request without a server."""
    b"".join(application(environ(), start_response))


@contextmanager
def warm_application(name: str) -> Iterator[Application]:
    """Make an application whose log is in a folder of its own, and ask it a few times, as a worker was asked before."""
    (ROOT / "logs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs:
        os.environ["SERVE_LOGS"] = logs
        application = importlib.import_module(APPS[name]).create_app()
        for _ in range(WARM_UP):
            ask(application)
        gc.collect()
        gc.freeze()  # as the worker does
        yield application


def measure(name: str) -> None:
    """Print the least CPU time of a request in this process, in microseconds."""
    least = float("inf")
    with warm_application(name) as application:
        for _ in range(CHUNKS):
            before = time.process_time_ns()
            for _ in range(CHUNK):
                ask(application)
            least = min(least, (time.process_time_ns() - before) / CHUNK / 1000)
    print(least)


def microseconds(name: str) -> float:
    """Return the least CPU time of a request, in microseconds, in a process of its own."""
    command = [sys.executable, __file__, "measure", name]
    return float(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def instructions(name: str) -> float:
    """Return the instructions of a request outside the kernel: what more requests add to a run of a process."""
    few, many = (_count(name, count) for count in (1, 1 + COUNTED))
    return (many - few) / COUNTED


def _count(name: str, count: int) -> int:
    command = [sys.executable, __file__, "run", name, str(count)]
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    # The same order of sets each time, and no thread of numpy's that counts while it waits.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([*tool, *command], cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr.decode())
    if done.returncode or found is None:
        sys.exit(f"valgrind ended with {done.returncode}: {done.stderr.decode()}")
    return int(found[1].replace(",", ""))


def run(name: str, count: int) -> None:
    """Make so many requests, for valgrind to count. What is done every 10 ms is done as often as at full speed."""
    questions = count_from(1)
    time.monotonic = lambda: next(questions) * TICK
    with warm_application(name) as application:
        if router := getattr(application, "extensions", {}).get("router"):
            router.close()  # its thread looks at files five times a second, however long a request takes here
        for _ in range(count):
            ask(application)
    os._exit(0)  # the end of an interpreter takes a different time each time


def system_calls(server: Server, event: str = "raw_syscalls:sys_enter", connections: int = 8) -> float:
    """Return the system calls of a worker for each request, all or those of one of perf's events."""
    times(server.load(connections, 1.0, core=1))
    with tempfile.NamedTemporaryFile(mode="r") as counts:
        options = [f"--event={event}", "--field-separator=,", f"--output={counts.name}"]
        counter = subprocess.Popen(["perf", "stat", *options, f"--pid={server.worker()}"])
        time.sleep(0.5)  # it does not say when it has begun; meanwhile the worker only waits
        answered = len(times(server.load(connections, 4.0, core=1)))
        counter.send_signal(signal.SIGINT)
        counter.wait()
        found = re.search(rf"^(\d+),.*{event}", counts.read(), re.MULTILINE)
    if found is None:
        sys.exit("perf counted no system calls: it needs root, or /proc/sys/kernel/perf_event_paranoid of -1")
    return int(found[1]) / answered


def main() -> None:
    for tool, package in (("valgrind", "valgrind"), ("perf", "linux-perf")):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed: apt-get install {package}")
    pin(0)
    rounds = [[microseconds(name) for name in APPS] for _ in range(ROUNDS)]
    spent = dict(zip(APPS, zip(*rounds, strict=True), strict=True))
    print("CPU in process, us a request, and to the constant's:")
    for name, values in spent.items():
        print(f"    {name} {median(values):.1f}: {ratios(values, spent['constant'])}")
    counted = {name: instructions(name) for name in APPS}
    print("instructions a request: " + ", ".join(f"{name} {count:,.0f}" for name, count in counted.items()))
    calls = {}
    for name in SERVERS:
        with tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs, serving(logs, software=name) as server:
            calls[name] = system_calls(server)
    print(f"system calls a request on gunicorn: {calls['gunicorn']:.1f}, at most {MAX_SYSTEM_CALLS}")
    print(f"system calls a request on granian: {calls['granian']:.1f}, the goal is {GOAL_ON_GRANIAN}")
    if counted["service"] > MAX_INSTRUCTIONS or calls["gunicorn"] > MAX_SYSTEM_CALLS:
        sys.exit(f"more than {MAX_INSTRUCTIONS:,} instructions, or than {MAX_SYSTEM_CALLS} system calls on gunicorn")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", application]:
            measure(application)
        case ["run", application, requests]:
            run(application, int(requests))
        case _:
            main()
