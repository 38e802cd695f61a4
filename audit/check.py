"""Counts what the log files hold: whole rows, torn ones, and rows without their counterpart in the other stream."""

from __future__ import annotations

import sys
from pathlib import Path

from journal import LogReader, daily_files, is_predicted


def count_rows(logs: Path) -> int:
    """Print what each file of a model's log folder holds. Return 1 if rows are torn or lost, else 0."""
    files = [path for stream in ("requests", "predictions") for path in daily_files(logs, stream)]
    if not files:
        print(f"{logs}: no logs yet", file=sys.stderr)
        return 1
    answered: set[str] = set()
    predicted: set[str] = set()
    damaged = 0
    for path in files:
        reader = LogReader(path)
        rows = unanswered = 0
        requests = path.name.startswith("requests-")
        for row in reader:
            rows += 1
            if requests and is_predicted(row):
                answered.add(row["request_id"])
            if not requests:
                predicted.add(row["request_id"])
                unanswered += row["request_id"] not in answered
        damaged += reader.torn
        notes = f", {unanswered} of requests that were not answered" if unanswered else ""
        print(f"{path.name}: {rows} rows, {reader.torn} torn{notes}")
    lost = answered - predicted
    if lost:
        print(f"{len(lost)} answered requests have no prediction row, {min(lost)} among them", file=sys.stderr)
    return 1 if damaged or lost else 0
