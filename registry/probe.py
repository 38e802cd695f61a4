"""The probe: a child process opens a model and asks it once, before any process that serves or releases it does.

A model that crashes its runtime, or never answers, ends the child and nothing else. A model that passed is marked by an
empty file in the folder for temporary files, so all processes of a user try it once. One that failed is tried again
by each process, after pauses that grow.
"""

from __future__ import annotations

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

from registry.errors import RegistryError
from registry.predictor import Runtime, open_predictor

# The first and the longest pause after a failure, in seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
# The package of each runtime, and how long a child may take with it, in seconds; TensorFlow alone needs ten to start.
RUNTIMES: dict[Runtime, tuple[str, int]] = {"litert": ("ai-edge-litert", 20), "keras": ("keras", 60)}
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
        mark = _mark(digest, runtime)
        if _is_ours(mark):
            return
        reason, pause, retry_at = self._faults.get((digest, runtime), ("", FIRST_PAUSE, 0.0))
        if not reason or self._clock() >= retry_at:
            reason = _ask_child(model, runtime, example)
            if not reason:
                self._faults.pop((digest, runtime), None)
                with suppress(OSError):  # without a mark, the next process tries it too
                    mark.touch(0o600, exist_ok=False)
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
    # A fresh interpreter: a forked child of a process with threads may hang.
    program = f"from {__name__} import main; main()"
    command = [sys.executable, "-c", program, str(timeout), runtime, *map(str, example)]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, input=model, capture_output=True, check=False)  # noqa: S603 - this program
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


def _mark(digest: str, runtime: Runtime) -> Path:
    try:
        version = metadata.version(RUNTIMES[runtime][0])
    except metadata.PackageNotFoundError as error:
        raise RegistryError(f"the runtime {runtime} is not installed ({error}); `make install` has both") from error
    return Path(tempfile.gettempdir(), f"probed-{os.getuid()}-{runtime}-{version}-{digest}")


def _is_ours(mark: Path) -> bool:
    """Return whether a mark is there that nobody else can have made."""
    try:
        return mark.lstat().st_uid == os.getuid()
    except OSError:
        return False
