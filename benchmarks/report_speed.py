"""How long the profile of 8 days takes, and how much memory: 10 million prediction rows, read and from the cache.

    python benchmarks/report_speed.py [--rows 10000000] [--folder FOLDER]

Prints a table in Markdown. Each measurement is a process of its own. The logs take about 6 GB; they are made by DuckDB,
as the service writes them: 5 % of the requests go to a canary, and 1 % are refused.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from monitor.profiles.reference import Column, Reference
from monitor.profiles.window import profile_window
from monitor.window import Window

START, DAYS, REFERENCE_ROWS = date(2026, 11, 1), 8, 2000
INPUTS = ("rooms", "charge", "share")
_INPUT = {
    "tied": [
        "round(3.5 + 1.75 * (random() + random() + random()), 3)",
        "round(187 + random() * 524)",
        "round(random() * 100, 1)",
    ],
    "distinct": ["3.5 + 1.75 * (random() + random() + random())", "187 + random() * 524", "random() * 100"],
}
# Name, rows of a request, and kind of values.
LOGS = [
    ("10 rows a request", 10, "tied"),
    ("10 rows a request, each value different", 10, "distinct"),
    ("1 row a request", 1, "tied"),
]


def make_day(folder: Path, day: str, rows: int, per_request: int, kind: str) -> None:
    """Write the two log files of a day."""
    requests = rows // per_request
    step = 86_400_000_000 // requests
    time_ = f"strftime(TIMESTAMP '{day}' + to_microseconds(i * {step} + (i * 7919) % {step}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    values = ", ".join(f"({text})::FLOAT AS {name}" for name, text in zip(INPUTS, _INPUT[kind], strict=True))
    canary = "i % 20 = 3"
    who = f"if({canary}, 2, 1) AS version, if({canary}, 'canary', 'champion') AS role"
    body = "[" + ", ".join(["[6.575, 296, 65.2]"] * per_request) + "]"
    refused = "(i % 100 = 7)"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"CREATE TABLE requests AS SELECT i, {time_} AS time, uuid()::VARCHAR AS request_id "
            f"FROM range({requests}) t(i)"
        )
        connection.execute(
            f"COPY (SELECT time, request_id, n AS row, 'houses' AS model, version, role, {', '.join(INPUTS)}, "
            f"(8 * rooms - 0.01 * charge - 0.03 * share - 20)::FLOAT AS prediction, "
            f"CASE WHEN charge > 700 THEN 'charge:outside_training' END AS flags "
            f"FROM (SELECT *, {who}, {values} FROM requests, range({per_request}) r(n) WHERE NOT {refused} "
            f"ORDER BY i, n)) TO '{folder}/predictions-{day}.csv' (HEADER)"
        )
        connection.execute(
            f"COPY (SELECT time, request_id, '192.0.2.' || (i % 50) AS client, 'POST' AS method, "
            f"'/predict_json' AS path, 'application/json' AS content_type, if({refused}, 422, 200) AS status, "
            f"round(exp(random() * 2), 3) AS duration_ms, if({refused}, 'charge: ' || (2001 + i % 50) || "
            f"' lies outside the limits 0 to 2000', NULL) AS error, '{body}' AS body "
            f"FROM requests ORDER BY i) TO '{folder}/requests-{day}.csv' (HEADER)"
        )


def make_reference(kind: str) -> Reference:
    """Return a reference of rows like those of the logs."""
    random = np.random.default_rng(0).random((REFERENCE_ROWS, 5))
    inputs = np.stack([3.5 + 1.75 * random[:, :3].sum(axis=1), 187 + 524 * random[:, 3], 100 * random[:, 4]], axis=1)
    if kind == "tied":
        inputs = np.stack([inputs[:, 0].round(3), inputs[:, 1].round(), inputs[:, 2].round(1)], axis=1)
    table = np.column_stack([inputs, inputs @ [8, -0.01, -0.03] - 20]).astype(np.float32)
    names = (*INPUTS, "prediction")
    columns = [Column.of(name, "number", table[:, place]) for place, name in enumerate(names)]
    return Reference("training", 1, "0" * 64, tuple(columns), table, np.arange(REFERENCE_ROWS))


def measure(folder: Path, kind: str) -> None:
    """Print what one profile of the whole window costs, as JSON."""
    start = datetime(START.year, START.month, START.day, tzinfo=UTC)
    reference, window = make_reference(kind), Window(start, start + timedelta(days=DAYS))
    began = time.perf_counter()
    found = profile_window(folder, reference, window, folder / "cache")
    seconds = time.perf_counter() - began
    if found.faults:
        sys.exit("\n".join(found.faults))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    rows = sum(group.rows for group in found.total.groups.values())
    # Not ru_maxrss: that has the memory of the parent too, as it was when it started this process.
    peak = int(re.findall(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[0]) / 1024
    cost = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "megabytes": peak}
    print(json.dumps({"rows": rows, "requests": found.traffic.total.requests, **cost}))


def main() -> None:
    """Make the logs, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the logs are made; by default a temporary folder")
    parser.add_argument("--measure", metavar="KIND", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measure(arguments.folder, arguments.measure)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        print("| logs | prediction rows | requests | days | seconds | CPU seconds | peak memory, MB |")
        print("|---|---|---|---|---|---|---|")
        for name, per_request, kind in LOGS:
            folder = Path(temporary, "logs")
            folder.mkdir()
            for day in range(DAYS):
                make_day(folder, (START + timedelta(days=day)).isoformat(), arguments.rows // DAYS, per_request, kind)
            for state in ("read", "from the cache"):
                command = [sys.executable, __file__, "--folder", str(folder), "--measure", kind]
                cost = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                counts = f"{name} | {cost['rows']:,} | {cost['requests']:,} | {state}"
                print(f"| {counts} | {cost['seconds']:.1f} | {cost['cpu']:.1f} | {cost['megabytes']:.0f} |", flush=True)
            shutil.rmtree(folder)
    return None


if __name__ == "__main__":
    main()
