"""The .venv of this folder: what it holds, and filling it from the locked sets. Knows nothing of the service.

A stamp in .venv names the set it holds and the SHA-256 of that set's lock. It is removed before anything is touched and
written when all is done, so a .venv without it is half-made, and made anew. One process at a time does this.
"""

# ruff: noqa: T201 - a command speaks to a person

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:  # each later import is made where it is used: finding that there is nothing to do takes 30 ms
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"
STAMP = ".holds"
# Each set holds the ones before it. The MB are what it takes at its height: the packages, and pip's downloads beside.
SETS = {"serve": 400, "train": 3000, "test": 3500}
SIZES = {"serve": "0.15 GB, some seconds", "train": "1.9 GB, a minute or two", "test": "2.2 GB, a minute or two"}


class SetupError(Exception):
    """Why .venv can't be made: one sentence for a person."""


def stamp(wanted: str, locks: Path = HERE) -> str:
    """What .venv says of itself when it holds that set."""
    return f"{wanted} {sha256((locks / f'{wanted}.txt').read_bytes()).hexdigest()}\n"


def holds(venv: Path, locks: Path = HERE) -> str | None:
    """The set that ``venv`` holds just as it is locked now; None if there is none, or it is half-made or outdated."""
    try:
        said = (venv / STAMP).read_text()
        if (venv / "bin/python").exists() and said == stamp(said.split()[0], locks):
            return said.split()[0]
    except (OSError, IndexError):
        pass
    return None


def suffices(held: str | None, wanted: str) -> bool:
    """Whether a .venv that holds ``held`` has all of ``wanted``."""
    order = list(SETS)
    return held is not None and order.index(held) >= order.index(wanted)


def check_space(wanted: str, free: int) -> None:
    """Raises SetupError if ``free`` bytes are not enough to install that set."""
    if free < SETS[wanted] * 10**6:
        raise SetupError(
            f"The {wanted} set needs {SETS[wanted] / 1000:.1f} GB of free disk and {VENV.parent} has "
            f"{free / 10**9:.1f} GB: make room, then run the same command again."
        )


def reason(output: str) -> str:
    """The last error in what pip or venv printed, on one line."""
    lines = [line for line in output.splitlines() if line.strip()] or ["it said nothing"]
    start = max((number for number, line in enumerate(lines) if line.startswith("ERROR:")), default=len(lines) - 1)
    error = " ".join(" ".join(lines[start:]).removeprefix("ERROR:").split())
    lost = "connection broken by" in output and "[Errno 28]" not in output
    return f"no connection to the package index ({error})" if lost else error


def install(wanted: str, held: str | None, venv: Path, locks: Path, holding: int) -> None:
    """Make ``venv`` hold that set: grown from a smaller one that is there, made anew otherwise."""
    from importlib.util import find_spec
    from shutil import disk_usage

    check_space(wanted, disk_usage(venv.parent).free)
    # .venv's own Python may be the one that runs this; a new .venv is made by the one that made it
    python = getattr(sys, "_base_executable", sys.executable)
    if find_spec("ensurepip") is None:
        raise SetupError(
            f"{python} can't make virtual environments: on Debian or Ubuntu, apt install python3-venv; "
            "elsewhere name another Python: make PYTHON=/path/to/python3.13"
        )
    print(f"Installing the {wanted} set into {venv.name}: {SIZES[wanted]}.", flush=True)
    (venv / STAMP).unlink(missing_ok=True)
    if held is None:
        run([python, "-I", "-m", "venv", "--clear", str(venv)], f"{venv} could not be made", holding)
    # -I: a PYTHONPATH or a user's own packages are none of .venv's. No build from source: no compiler is needed.
    # Bytecode is left to the first import: it is written for what is used, in half the time.
    pip = [str(venv / "bin/python"), "-I", "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    locked = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(locks / f"{wanted}.txt")]
    run([*pip, *locked], f"The {wanted} set could not be installed", holding)
    (venv / STAMP).write_text(stamp(wanted, locks))


def run(command: Sequence[str], failure: str, holding: int) -> None:
    """Run a command in silence; if it fails, raise SetupError with its last error.

    The child holds the lock too: if this process is killed, nobody tears down what the child still writes.
    """
    from subprocess import PIPE, STDOUT, Popen

    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, env=environment, pass_fds=[holding]) as child:  # noqa: S603
        output, _ = child.communicate()
    if child.returncode:
        raise SetupError(f"{failure}: {reason(output)}. The same command tries again.")


def lock(folder: Path) -> int:
    """Be the only one at work in ``folder``, until this process and its children have ended.

    Returns:
        the descriptor that holds the lock, for children to inherit.
    """
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another installation is at work here: waiting for it to end.", flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in SETS:
        print(f"Name one set: python requirements/install.py {'|'.join(SETS)}", file=sys.stderr)
        return 2
    wanted = arguments[0]
    if suffices(holds(VENV), wanted):
        return 0
    try:
        holding = lock(HERE)
        held = holds(VENV)  # once more: who had the lock may have made it
        if not suffices(held, wanted):
            install(wanted, held, VENV, HERE, holding)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or VENV}: {error.strerror}; .venv could not be made.", file=sys.stderr)
        return 1
    return 0
