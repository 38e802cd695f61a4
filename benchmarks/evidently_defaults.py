"""How often Evidently's defaults are wrong, on the rows of drift_power; and their time and memory beside the rule's.

    python3 -m venv /tmp/evidently && /tmp/evidently/bin/pip install 'evidently==0.7.23' 'pandas<3'
    /tmp/evidently/bin/python benchmarks/evidently_defaults.py [--windows 25] > evidently.md
    .venv/bin/python benchmarks/evidently_defaults.py --costs-of-the-rule >> evidently.md

It needs an environment of its own, because Evidently does not import with pandas 3.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.drift_data import CALM, NAMES, Change, simulate

WINDOWS = (  # reference rows, window rows, change
    ("calm", 404, 100, CALM),
    ("calm", 404, 1000, CALM),
    ("calm", 2000, 100, CALM),
    ("calm", 2000, 1000, CALM),
    ("calm", 2000, 10_000, CALM),
    ("0.3 sd, normal", 404, 1000, Change(0, 0.3)),
    ("0.3 sd, normal", 2000, 1000, Change(0, 0.3)),
    ("0.3 sd, normal", 2000, 10_000, Change(0, 0.3)),
    ("correlation .5 to .1", 404, 1000, Change(correlation=0.1)),
    ("missing from 5 to 10 %", 2000, 10_000, Change(missing=0.1)),
)
COSTS = (10_000, 100_000, 1_000_000)


def judge_by_evidently(reference: np.ndarray, window: np.ndarray) -> tuple[int, bool]:
    """Return how many of the five columns "drifted", and whether that is "dataset drift": half of them."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers = [name for name in NAMES if name != "category"]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=["category"])

    def dataset(rows: np.ndarray) -> Any:
        frame = pd.DataFrame(rows.astype(np.float64), columns=list(NAMES))
        return Dataset.from_pandas(frame.assign(category=frame["category"].astype(str)), data_definition=definition)

    metrics = Report([DataDriftPreset()]).run(dataset(window), dataset(reference)).dict()["metrics"]
    (drifted,) = (metric["value"] for metric in metrics if "DriftedColumnsCount" in str(metric))
    return int(drifted["count"]), drifted["share"] >= 0.5


def error_rates(windows: int) -> None:
    """Print the share of windows with a drifted column, and with dataset drift; a fresh reference each."""
    print("| change | R | n | windows | a drifted column | dataset drift |\n| --- | --: | --: | --: | --: | --: |")
    for title, reference_rows, rows, change in WINDOWS:
        found = []
        for seed in range(windows):
            rng = np.random.default_rng([seed, reference_rows, rows])
            reference = simulate(rng, reference_rows, Change(missing=change.missing / 2))[0]
            found.append(judge_by_evidently(reference, simulate(rng, rows, change)[0]))
        columns, datasets = (np.mean([bool(report[place]) for report in found]) for place in (0, 1))
        figures = f"{100 * columns:.0f} % | {100 * datasets:.0f} %"
        print(f"| {title} | {reference_rows:,} | {rows:,} | {windows} | {figures} |", flush=True)


def costs(of_the_rule: bool) -> None:
    """Print seconds of CPU and peak memory of one report, each in a process of its own: n rows against as many."""
    for rows in COSTS:
        if os.fork() == 0:
            _cost(rows, of_the_rule)
            sys.stdout.flush()
            os._exit(0)
        os.wait()


def _cost(rows: int, of_the_rule: bool) -> None:
    rng = np.random.default_rng(1)
    (reference, numbers), (window, _) = simulate(rng, rows, CALM), simulate(rng, rows, CALM)
    before = time.process_time()
    if of_the_rule:
        from benchmarks.drift_power import make_profile, make_reference
        from monitor.drift import judge_drift

        baseline = make_reference(reference[:10_000], numbers[:10_000])  # what a version keeps of its training rows
        judge_drift(make_profile(baseline, window, numbers), baseline.reference, baseline=baseline)
    else:
        judge_by_evidently(reference, window)
    name = "the rule, against 10,000 rows" if of_the_rule else "Evidently, against as many rows"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {name} | {rows:,} | {time.process_time() - before:.1f} s | {memory:.0f} MB |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--windows", type=int, default=25)
    parser.add_argument("--costs-of-the-rule", action="store_true")
    options = parser.parse_args()
    if not options.costs_of_the_rule:
        error_rates(options.windows)
        print("\n| report | rows | CPU | peak memory |\n| --- | --: | --: | --: |", flush=True)
    costs(options.costs_of_the_rule)


if __name__ == "__main__":
    main()
