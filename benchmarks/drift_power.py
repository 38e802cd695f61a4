"""How often the rule of drift is wrong: simulated models and weeks, calm and changed, through profiler and rule.

    .venv/bin/python -m benchmarks.drift_power [--scale 1] [--jobs 1] [--only WORD] > table.md

A model is a fresh reference of R rows; each of its weeks is a window of n rows. Four inputs: a normal, a skewed one,
one of whole numbers with many ties, and a category. The first two have the correlation 0.5. The table has the share of
windows, over models and weeks, in which the report says drift, and in which it says that it can't judge.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for small matrices wait for each other on a busy machine

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.drift_data import CALM, NAMES, Change, simulate
from monitor.drift import Drift, judge_drift
from monitor.logs.rows import PredictionRows, mix
from monitor.profiles.profile import Profile
from monitor.profiles.profiler import Profiler
from monitor.profiles.reference import Column, Kind, Reference
from monitor.statistics.baseline import Baseline

KINDS: tuple[Kind, ...] = ("number", "number", "number", "category", "prediction")
WEEK, DAY = 168, 24  # hours
BLOCK = 1 << 16  # rows


@dataclass(frozen=True)
class Cell:
    """One line of the table. ``size``: rows a request, about; ``alike``: the correlation of rows of one request."""

    title: str
    reference: int
    rows: int
    change: Change = CALM
    size: int = 1
    alike: float = 0.0
    usual_missing: float = 0.0
    alpha: float = 0.01
    goal: str = ""


def make_reference(rows: NDArray[np.float32], requests: NDArray[np.int64]) -> Baseline:
    """Return the reference of simulated rows, with its sums."""
    columns = tuple(
        Column.of(name, kind, rows[:, index]) for index, (name, kind) in enumerate(zip(NAMES, KINDS, strict=True))
    )
    return Baseline.of(Reference("training", 1, "simulated", columns, rows, requests))


def make_profile(baseline: Baseline, rows: NDArray[np.float32], requests: NDArray[np.int64]) -> Profile:
    """Return the profile of simulated rows, by the monitor's own profiler."""
    count = len(rows)
    profiler = Profiler(baseline.reference)
    zeros = np.zeros(count, np.int64)
    starts = np.flatnonzero(np.diff(requests, prepend=-1))
    numbers = np.arange(count) - np.repeat(starts, np.diff(starts, append=count))
    for begin in range(0, count, BLOCK):
        part = slice(begin, begin + BLOCK)
        profiler.add(
            PredictionRows(
                times=zeros[part],
                requests=mix(np.zeros(count, np.uint64)[part], requests[part] + 1),
                numbers=numbers[part],
                versions=zeros[part] + 1,
                roles=np.zeros(count, np.int8)[part],
                values=rows[part],
                flags=zeros[part],
                texts=[""],
            )
        )
    return profiler.profile().answered(baseline.reference)


def judge(rng: np.random.Generator, baseline: Baseline, cell: Cell) -> Drift:
    """Return the report on one simulated window."""
    rows, requests = simulate(rng, cell.rows, cell.change, cell.size, cell.alike, cell.usual_missing)
    return judge_drift(make_profile(baseline, rows, requests), baseline.reference, alpha=cell.alpha, baseline=baseline)


def run_model(cell: Cell, seed: int, weeks: int) -> list[Drift]:
    """Return the reports of one model's weeks."""
    rng = np.random.default_rng([seed, cell.reference, cell.rows])
    usual = Change(column=cell.change.column)
    baseline = make_reference(*simulate(rng, cell.reference, usual, missing=cell.usual_missing))
    return [judge(rng, baseline, cell) for _ in range(weeks)]


def alert_week(reference: int, rows: int, seed: int, alpha: float = 1e-4) -> int:
    """Return how many of the 168 hourly looks at the trailing 24 hours of a calm week say drift; ``rows`` an hour."""
    rng = np.random.default_rng([seed, reference, rows])
    baseline = make_reference(*simulate(rng, reference, CALM))
    table, requests = simulate(rng, rows * (WEEK + DAY), CALM)
    alarms = 0
    for hour in range(WEEK):
        part = slice(rows * hour, rows * (hour + DAY))
        profile = make_profile(baseline, table[part], requests[part])
        alarms += judge_drift(profile, baseline.reference, alpha=alpha, baseline=baseline).verdict == "drift"
    return alarms


def cells() -> Iterator[Cell]:
    """Yield the lines of the table."""
    for reference in (404, 2000, 100_000):
        for rows in (100, 1000, 10_000, 100_000, 1_000_000):
            yield Cell("calm", reference, rows, goal="drift ≤ 1.5 %" if rows >= 1000 else "")
    for reference in (404, 2000, 100_000):
        yield Cell("calm, 5 % missing", reference, 1000, usual_missing=0.05, goal="drift ≤ 1.5 %")
        yield Cell("calm, 200 requests of alike rows", reference, 4000, size=20, alike=0.8, goal="drift ≤ 2 %")
        yield Cell(
            "calm, the same, 5 % missing by request",
            reference,
            4000,
            size=20,
            alike=0.8,
            usual_missing=0.05,
            goal="drift ≤ 2 %",
        )
    for reference in (404, 2000, 100_000):
        for column in range(3):
            goal = "drift ≥ 93 %" if reference == 404 else "drift 100 %"
            yield Cell(f"0.3 sd, {NAMES[column]}", reference, 1000, Change(column, 0.3), goal=goal)
    for column in range(3):
        yield Cell(f"0.3 sd, {NAMES[column]}", 2000, 10_000, Change(column, 0.3), goal="drift 100 %")
        yield Cell(f"0.05 sd, {NAMES[column]}", 2000, 1_000_000, Change(column, 0.05), goal="drift 0")
    yield Cell("0.05 sd, normal", 100_000, 1_000_000, Change(0, 0.05), goal="drift 0")
    for reference, rows in ((404, 1000), (2000, 10_000)):
        yield Cell("a category from 16 to 18 %", reference, rows, Change(code=0.024), goal="no drift")
        yield Cell("a category from 16 to 26 %", reference, rows, Change(code=0.12))
        yield Cell("1 % unseen category", reference, rows, Change(unseen=0.01), goal="no drift")
        yield Cell("8 % unseen category", reference, rows, Change(unseen=0.08))
        yield Cell("missing from 0 to 3 %", reference, rows, Change(missing=0.03))
        yield Cell("missing from 5 to 6 %", reference, rows, Change(missing=0.01), usual_missing=0.05)
        yield Cell("missing from 5 to 10 %", reference, rows, Change(missing=0.05), usual_missing=0.05)
        yield Cell("3 % far outside", reference, rows, Change(outside=0.03))
    for reference, rows in ((404, 1000), (5000, 5000)):
        goal = "drift ≥ 97 %"
        yield Cell("correlation .5 to .1", reference, rows, Change(correlation=0.1), goal=goal)
        yield Cell("correlation .5 to .3", reference, rows, Change(correlation=0.3))


def _line(cell: Cell, reports: list[Drift]) -> str:
    shares = (np.mean([report.verdict == verdict for report in reports]) for verdict in ("drift", "cannot_judge"))
    figures = " | ".join(f"{100 * share:.1f} %" for share in shares)
    return f"| {cell.title} | {cell.reference:,} | {cell.rows:,} | {len(reports):,} | {figures} | {cell.goal} |"


def _trials(cell: Cell, scale: float) -> tuple[int, int]:
    """Return how many models, and weeks of each: many where a window is cheap."""
    cost = cell.rows / 1e4 + cell.reference / 4e3  # of a window, in units of about 40 ms
    budget = 1500 * scale / (1 + cost)
    weeks = 5
    return max(int(budget / weeks), 4), weeks


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="how many windows: 1 takes about 100 minutes of CPU")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", metavar="WORD", help="only lines with this word in the first column")
    options = parser.parse_args()
    print("| change | R | n | windows | drift | can't judge | goal |\n| --- | --: | --: | --: | --: | --: | --- |")
    with ProcessPoolExecutor(options.jobs) as pool:
        for cell in cells():
            if options.only not in cell.title:
                continue
            models, weeks = _trials(cell, options.scale)
            reports = pool.map(run_model, [cell] * models, range(models), [weeks] * models, chunksize=4)
            print(_line(cell, [report for model in reports for report in model]), flush=True)
        for reference, rows in ((404, 100), (2000, 100)):
            title, count = "hourly alert, calm weeks", int(600 * options.scale)
            if options.only in title and count:
                alarms = list(pool.map(alert_week, [reference] * count, [rows] * count, range(count), chunksize=4))
                share = np.mean(np.array(alarms) > 0)
                print(
                    f"| {title} | {reference:,} | {rows * DAY:,} | {count:,} | {100 * share:.2f} % | | ≤ 0.5 % |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
