"""The probe: a child process opens a model and asks it once, before any process that serves or releases it does.

A model that crashes its runtime, or never answers, ends the child and nothing else. A model that passed is marked by a
file in the folder for temporary files, so the processes of a user try it once, one at a time: after a promotion,
requests wait until their worker has opened the new champion, and need not wait for its child too. A model that failed
is tried again by each process, after pauses that grow.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import IO

from filesystem import lock
from registry.errors import RegistryError
from registry.predictor import Runtime, open_predictor

# The first and the longest pause after a failure, in seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
# The package of each runtime, and how long a child may take with it, in seconds; TensorFlow alone needs ten to start,
# and a minute on a machine that is busy.
RUNTIMES: dict[Runtime, tuple[str, int]] = {"litert": ("ai-edge-litert", 20), "keras": ("keras", 150)}
_PASSED = "passed"


class Prober:
    """Probes models, and remembers those that failed.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._faults: dict[tuple[str, str], tuple[str, float, float]] = {}  # why, the next pause, when to try again

    def probe(self, digest: str, model: bytes, runtime: Runtime, example: Sequence[float]) -> None:
        """Check that a child process can open a model and gets a prediction of it.

        Args:
            digest: of the model's version.
            model: the content of its model file.
            example: a row of its inputs, k numbers.

        Raises:
            RegistryError: with what became of the child.
        """
        reason, pause, retry_at = self._faults.get((digest, runtime), ("", FIRST_PAUSE, 0.0))
        if not reason or self._clock() >= retry_at:
            with _open_mark(digest, runtime) as mark:
                if mark.read():
                    return
                reason = _ask_child(model, runtime, example)
                if not reason:
                    with suppress(OSError):  # the disk is full: the next process tries it too
                        mark.write(b"passed")
                    return
            self._faults[digest, runtime] = reason, min(2 * pause, LONGEST_PAUSE), self._clock() + pause
        raise RegistryError(reason)


def main() -> None:
    """Open the model on the standard input, as the child: the arguments are a timeout, the runtime and the example."""
    timeout, runtime, *example = sys.argv[1:]
    signal.alarm(int(timeout))  # ends the child also if its parent is gone
    outcome = _PASSED
    try:
        open_predictor(sys.stdin.buffer.read(), "keras" if runtime == "keras" else "litert", list(map(float, example)))
    except RegistryError as error:
        outcome = " ".join(str(error).split())
    sys.stdout.write(f"\n{outcome}")


def _ask_child(model: bytes, runtime: Runtime, example: Sequence[float]) -> str:
    """Return what went wrong in the child; empty if nothing did."""
    timeout = RUNTIMES[runtime][1]
    # A fresh interpreter, which imports what this one does: a forked child of a process with threads may hang.
    program = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"
    command = [sys.executable, "-c", program, str(timeout), runtime, *map(str, example)]
    try:
        done = subprocess.run(command, input=model, capture_output=True, check=False)  # noqa: S603 - this program
    except OSError as error:
        return f"no child process can try the model ({error.strerror})"
    if done.returncode == -signal.SIGALRM:
        return f"{runtime} gave no answer in {timeout} s; publish another version"
    if done.returncode < 0:
        return f"{runtime} crashed with {signal.Signals(-done.returncode).name}; publish another version"
    # The exit status alone proves nothing: somebody else may have reaped the child.
    last = (done.stdout or done.stderr).decode(errors="replace").splitlines()[-1:]
    outcome = "".join(last) or f"a child process ended with status {done.returncode} and no answer"
    return "" if outcome == _PASSED else outcome


def _open_mark(digest: str, runtime: Runtime) -> IO[bytes]:
    """Return the file that has content if a model passed; locked, so that one process at a time tries the model."""
    package, timeout = RUNTIMES[runtime]
    with suppress(OSError, metadata.PackageNotFoundError):  # without a file, each process tries it for itself
        name = f"probed-{os.getuid()}-{runtime}-{metadata.version(package)}-{digest}"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        file = open(os.open(Path(tempfile.gettempdir(), name), flags, 0o600), "r+b", buffering=0)  # noqa: SIM115 - returned
        if os.fstat(file.fileno()).st_uid == os.getuid():  # anybody may write to this folder; their word proves nothing
            lock(file.fileno(), timeout, poll_interval=0.01)
            return file
        file.close()
    return io.BytesIO()
