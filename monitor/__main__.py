"""``python -m monitor``: statistics over the logs. Reads the SERVE_ settings."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from monitor.compare import compare, format_text, plot
from registry import CommonSettings, RegistryError


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m monitor", description="Statistics over the logs.")
    commands = parser.add_subparsers(dest="command", required=True)
    meaning = "how far a version and its shadow are apart on the same requests"
    compared = commands.add_parser("compare", help=meaning, description=meaning)
    compared.add_argument("first", type=int)
    compared.add_argument("second", type=int)
    compared.add_argument(
        "--over", type=float, default=1.0, metavar="X", help="the difference that matters; default: 1"
    )
    compared.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw it, with matplotlib")
    arguments = parser.parse_args()
    try:
        return _compare(CommonSettings.from_env(os.environ).log_folder, arguments)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1


def _compare(logs: Path, arguments: argparse.Namespace) -> int:
    first, second = arguments.first, arguments.second
    comparison = compare(logs, first, second)
    if not len(comparison.first):
        more = f", but for {comparison.no_number} rows without a number" if comparison.no_number else ""
        raise RegistryError(f"{logs}: no request was seen by both version {first} and version {second}{more}")
    print(format_text(comparison, first, second, arguments.over))
    if arguments.plot is not None:
        try:
            plot(comparison, first, second, arguments.plot)
        except ImportError as error:
            raise RegistryError(f"--plot needs matplotlib ({error}); `make install` has it") from error
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is read by head ends with it, quietly
    sys.exit(main())
