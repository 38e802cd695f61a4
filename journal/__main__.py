"""``python -m journal``: what is on disk, file by file. Reads SERVE_LOGS and SERVE_MODEL."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from journal.reader import Reading, days


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m journal", description="Count the rows of the logs.")
    parser.add_argument("command", choices=["check"], help="count rows, torn ones, and what lacks its counterpart")
    parser.parse_args()
    folder = Path(os.environ.get("SERVE_LOGS", "logs"), os.environ.get("SERVE_MODEL", "boston"))
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
            if requests and row["status"] == "200":
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
    sys.exit(main())
