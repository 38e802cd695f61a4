"""``python -m monitor``: statistics over the logs. Reads the SERVE_ settings.

Exit codes: 0, or the verdict of a report: 10 drift, 20 worse accuracy, 30 can't be judged. 64: wrong arguments; 1: the
command failed. argparse's own 2 would be taken for a verdict of somebody else's.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import NoReturn

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read with numpy; threads for small matrices wait for each other

from journal import JournalError
from monitor import compare, feedback, watch
from monitor.errors import MonitorError, UsageError
from monitor.report import command as report
from monitor.retraining import command as retraining
from registry import CommonSettings, RegistryError

COMMANDS = (feedback, report, watch, compare, retraining)  # each adds its commands, and the functions that run them
WRONG_ARGUMENTS = 64  # EX_USAGE of sysexits.h


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_ARGUMENTS, f"{self.prog}: error: {message}\n")


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = _Parser(prog="python -m monitor", description="Statistics over the logs.")
    commands = parser.add_subparsers(dest="command", required=True)
    for module in COMMANDS:
        module.add_command(commands)
    arguments = parser.parse_args()
    try:
        code: int = arguments.run(arguments, CommonSettings.from_env(os.environ))
    except (MonitorError, RegistryError, JournalError) as error:
        print(error, file=sys.stderr)
        return WRONG_ARGUMENTS if isinstance(error, UsageError) else 1
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is read by head ends with it, quietly
    sys.exit(main())
