"""``python -m journal check|seal``: what is on disk, file by file. Reads SERVE_LOGS, SERVE_MODELS and SERVE_MODEL.

A command may know more than its package: seals are lines of the registry's history, so monitor makes and checks them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from journal.reader import Reading, days
from journal.rows import is_predicted
from monitor import seals
from registry import RegistryError, Who, locate
from registry.releases import login


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m journal", description="Look after the logs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="count rows, torn ones, what lacks its counterpart, and compare with the seals")
    sealing = commands.add_parser("seal", help="take the files of finished days into the model's history")
    sealing.add_argument("--by", default=login(), metavar="NAME", help="who does it; by default: you")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("SERVE_LOGS", "logs"), os.environ.get("SERVE_MODEL", "boston"))
    try:
        store = locate(os.environ)
        if arguments.command == "seal":
            for name in seals.seal(store, folder, datetime.now(UTC), Who(arguments.by)):
                print(f"{name}: sealed")
            return 0
        changed = list(seals.faults(store, folder))
    except (RegistryError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for fault in changed:
        print(fault, file=sys.stderr)
    return _count(folder) or (1 if changed else 0)


def _count(folder: Path) -> int:
    """Say what each file holds. Returns 1 if rows are torn or lost."""
    files = [path for stream in ("requests", "predictions") for path in days(folder, stream)]
    if not files:
        print(f"{folder}: no logs yet", file=sys.stderr)
        return 1
    answered: set[str] = set()
    predicted: set[str] = set()
    damaged = 0
    for path in files:
        reading = Reading(path)
        rows = unanswered = 0
        requests = path.name.startswith("requests-")
        for row in reading:
            rows += 1
            if requests and is_predicted(row):
                answered.add(row["request_id"])
            if not requests:
                predicted.add(row["request_id"])
                unanswered += row["request_id"] not in answered
        damaged += reading.torn
        notes = f", {unanswered} of requests that were not answered" if unanswered else ""
        print(f"{path.name}: {rows} rows, {reading.torn} torn{notes}")
    lost = answered - predicted
    if lost:
        print(f"{len(lost)} answered requests have no prediction row, {min(lost)} among them", file=sys.stderr)
    return 1 if damaged or lost else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is read by head ends with it, quietly
    sys.exit(main())
