"""Makes .venv, or says why it can't: ``python requirements/install.py serve|train|test``.

This file only finds a Python that fits; environment.py does the work. Every Python that may still be somebody's
``python3`` must be able to parse this one, so that an old one can say so: no annotations, no f-strings.
"""

# ruff: noqa: PTH100, PTH120, RUF005, UP031 - the modern forms are what the old Pythons lack

import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def supported():
    # type: () -> tuple[int, int]
    """The lowest minor version of Python 3 that pyproject.toml admits, and the first that it no longer does."""
    with open(os.path.join(HERE, os.pardir, "pyproject.toml"), "rb") as file:
        bounds = re.search(b'requires-python = ">=3[.]([0-9]+),<3[.]([0-9]+)"', file.read())
    assert bounds, "pyproject.toml: requires-python is not of the form >=3.A,<3.B"  # noqa: S101
    return int(bounds.group(1)), int(bounds.group(2))


def works(python, minor):
    # type: (str, int) -> bool
    """Whether that name is Python 3.minor and can make environments; a version manager's may be a name and no more."""
    probe = "import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, %d))" % minor
    with open(os.devnull, "w") as nowhere:
        try:
            return subprocess.call([python, "-c", probe], stderr=nowhere) == 0  # noqa: S603
        except OSError:
            return False


def main():
    # type: () -> int
    low, high = supported()
    if (3, low) <= sys.version_info[:2] < (3, high):
        import environment

        return environment.main(sys.argv[1:])
    for minor in range(high - 1, low - 1, -1):
        python = "python3." + str(minor)
        if works(python, minor):
            os.execvp(python, [python] + sys.argv)  # noqa: S606
    sys.stderr.write(
        "Python 3.%d to 3.%d is needed and %s is %s: install one of them, or name it: make PYTHON=/path/to/python3.%d\n"
        % (low, high - 1, sys.executable, ".".join(map(str, sys.version_info[:3])), high - 1)
    )
    return 1


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C: no traceback; the next run repairs what this one leaves
    sys.exit(main())
