"""``watch``: reports on a schedule. Owns when to look at the logs, and how little that may cost the machine.

Each look is a process of its own: its memory is given back, and whatever ends it does not end the watch.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filesystem import lock, only_plain
from monitor import latest
from monitor.errors import MonitorError
from monitor.report.words import CANNOT_JUDGE, EXIT_CODES
from registry import CommonSettings

VERDICTS = EXIT_CODES.values()
MINUTE, HOUR = 60.0, 3600.0  # seconds
MAX_SHARE = 1 / 30  # of one processor, for looks that come sooner than each hour
_LOCK_TIMEOUT = 5.0  # seconds: the watch of a service that was just restarted may not have ended yet
_MEMORY = 1 << 30  # bytes that a look may use
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ONCE = (sys.executable, "-m", "monitor", "watch", "--once")


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``watch`` to the commands."""
    meaning = "report each hour to where the service shows it, and each minute while there is too little to judge"
    parser = commands.add_parser("watch", help=meaning, description=meaning)
    parser.add_argument("--once", action="store_true", help="report once, and exit with the verdict")
    parser.add_argument("--with-parent", type=int, metavar="PID", help="end with process PID, which started this one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    lower_priority()
    if arguments.once:
        return _once(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # who reads the error log may end
    parent = arguments.with_parent
    if parent:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what the end of its terminal means, the parent decides
    watch(settings.log_folder, lambda: parent in (None, os.getppid()))
    return 0


def _once(settings: CommonSettings) -> int:
    with suppress(ValueError):  # the machine's own limit is lower
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    try:
        return latest.update(settings, datetime.now(UTC))
    except OSError as error:
        raise MonitorError(f"No report was made: {error}.") from error
    except MemoryError as error:
        raise MonitorError(f"No report was made: it needs more than {_MEMORY >> 20} MiB of memory.") from error


def lower_priority() -> None:
    """Have this process and its children run only when nobody else wants the processor."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):  # not Linux, or forbidden
        os.nice(19)


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the logs.

    Attributes:
        logs: the log files before it, and their sizes.
        hour: the hour, counted from the epoch.
        code: the exit code.
        again: from when on another look in the same hour is allowed, in seconds of the monotonic clock.
    """

    logs: object
    hour: float
    code: int
    again: float

    def is_enough(self, logs: Path) -> bool:
        """Return whether nothing calls for another look yet."""
        if self.hour != time.time() // HOUR:
            return False
        if self.code in VERDICTS and (self.code != EXIT_CODES[CANNOT_JUDGE] or self.logs == _state(logs)):
            return True
        return time.monotonic() < self.again


def watch(logs: Path, wanted: Callable[[], bool], command: Sequence[str] = ONCE, minute: float = MINUTE) -> None:
    """Look at the logs until nobody wants it any more. A failure is a line on standard error, and another try later.

    Args:
        logs: the folder of the model's logs.
        wanted: whether to go on; asked each second.
        command: reports once: its exit code is the verdict, and the last line that it prints says it in words.
        minute: the shortest time before another look in the same hour, in seconds.

    Raises:
        MonitorError: if there is another watch of this model.
    """
    last: Look | None = None
    said: object = None
    locked = False
    with ExitStack() as held:
        while wanted():
            if last is None or not last.is_enough(logs):
                state, hour, used = _state(logs), time.time() // HOUR, _processor_time()
                try:
                    if not locked:
                        held.enter_context(_only_one(logs / "reports"))
                        locked = True
                    code, words = _look(command, wanted)
                except OSError as error:
                    code, words = 1, f"No report was made: {error}."
                pause = max(minute, (_processor_time() - used) / MAX_SHARE)
                last = Look(state, hour, code, time.monotonic() + pause)
                # The numbers in the words are new each time; only another verdict or another fault is news.
                news: object = code if code in VERDICTS else words
                if news != said and wanted():
                    _say(words)
                said = news
            time.sleep(min(1.0, minute))


@contextmanager
def _only_one(reports: Path) -> Iterator[None]:
    """Keep a second watch out."""
    reports.mkdir(parents=True, exist_ok=True)
    with open(reports / "watch.lock", "w", opener=only_plain) as file:
        try:
            lock(file.fileno(), _LOCK_TIMEOUT, poll_interval=0.1)
        except TimeoutError as error:
            raise MonitorError(f"{file.name}: another watch reports on these logs already; this one ends") from error
        yield


def _look(command: Sequence[str], wanted: Callable[[], bool]) -> tuple[int, str]:
    """Run the command. Return its exit code, and the last line that it printed."""
    end = time.monotonic() + HOUR
    with subprocess.Popen(  # noqa: S603 - this program's own command
        command,
        env=os.environ | _ONE_THREAD,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            while wanted() and time.monotonic() < end:
                with suppress(subprocess.TimeoutExpired):
                    said, faults = process.communicate(timeout=1)
                    return process.returncode, _last_words(process.returncode, said, faults)
        finally:
            process.kill()
    return 1, "No report was made within an hour."


def _last_words(code: int, said: str, faults: str) -> str:
    """Return a sentence about the end of a look."""
    words = (said if code in VERDICTS else faults).strip().rpartition("\n")[2]
    if code not in VERDICTS and "Traceback (most recent call last)" in faults:
        return f"No report was made, by a fault of the monitor: {words}; `python -m monitor watch --once` shows where."
    return words or f"No report was made: exit code {code}."


def _processor_time() -> float:
    """Return the seconds that the looks so far have had of a processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _state(logs: Path) -> object:
    """Return what changes when a log file does."""
    with suppress(OSError), os.scandir(logs) as entries:
        return {entry.name: entry.stat().st_size for entry in entries if entry.name.endswith(".csv")}
    return None


def _say(words: str) -> None:
    with suppress(OSError):  # nobody listens any more
        print(f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%S +0000}] [monitor] {words}", file=sys.stderr, flush=True)
