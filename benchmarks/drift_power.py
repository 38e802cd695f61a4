"""How often the rule of drift is wrong: simulated models and weeks, calm and changed, through monitor.drift.

    .venv/bin/python -m benchmarks.drift_power [--models 100] [--weeks 5] > table.md

A model is a fresh reference of R rows; each of its weeks is a window of n rows. Four inputs: a normal one, a skewed one,
one of whole numbers with many ties, and a category; the first two have the correlation 0.5. The table has the share of
windows (over models and weeks) in which the report says drift, and in which it can't judge.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from monitor.drift import Drift, judge_drift
from monitor.profiles.profile import SAMPLE_ROWS, Profile
from monitor.profiles.reference import Column, Kind, Reference
from monitor.statistics.baseline import Baseline, mid_ranks
from monitor.statistics.request_sums import request_sums

NAMES = ("normal", "skewed", "tied", "category", "prediction")
KINDS: tuple[Kind, ...] = ("number", "number", "number", "category", "prediction")
WEEK, DAY = 168, 24  # hours


@dataclass(frozen=True)
class Change:
    """What is different in a window.

    Attributes:
        shift: of one input, by name, in standard deviations of the normal variable behind it.
        correlation: of the first two inputs. missing: the share of missing cells of one input.
        code: the share of rows whose category is one that the reference has, beyond the usual; unseen: one it has not.
        outside: the share of rows far beyond the reference's range.
    """

    column: int = 0
    shift: float = 0.0
    correlation: float = 0.5
    missing: float = 0.0
    code: float = 0.0
    unseen: float = 0.0
    outside: float = 0.0


@dataclass(frozen=True)
class Cell:
    """One line of the table. ``size``: rows a request, about; ``alike``: the correlation of rows of one request."""

    title: str
    reference: int
    rows: int
    change: Change = Change()
    size: int = 1
    alike: float = 0.0
    usual_missing: float = 0.0
    alpha: float = 0.01
    goal: str = ""


def simulate(
    rng: np.random.Generator, rows: int, change: Change, size: int = 1, alike: float = 0.0, missing: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return rows, float32 (n, 5), the prediction last, and the request of each, int64 (n,)."""
    if size == 1:
        requests = np.arange(rows)
    else:
        sizes = 1 + rng.poisson(size - 1, 2 * rows // size + 10)
        requests = np.repeat(np.arange(len(sizes)), sizes)[:rows]
    latent = rng.standard_normal((rows, 4))
    if alike:
        of_requests = rng.standard_normal((int(requests[-1]) + 1, 4))
        latent = np.sqrt(alike) * of_requests[requests] + np.sqrt(1 - alike) * latent
    latent[:, 1] = change.correlation * latent[:, 0] + np.sqrt(1 - change.correlation**2) * latent[:, 1]
    latent[:, change.column] += change.shift
    latent[rng.random(rows) < change.outside, change.column] += 20
    category = np.digitize(latent[:, 3], [-1.3, 0.0, 1.0]).astype(float)  # shares 0.10, 0.40, 0.34, 0.16
    category[rng.random(rows) < change.code] = 3
    category[rng.random(rows) < change.unseen] = 9
    prediction = latent[:, 0] + np.tanh(latent[:, 1]) - 0.5 * latent[:, 2] + 0.3 * category
    skewed = np.exp(np.minimum(latent[:, 1], 80))
    table = np.stack([latent[:, 0], skewed, np.floor(2 * latent[:, 2]), category, prediction], axis=1).astype(
        np.float32
    )
    by_request = rng.random(int(requests[-1]) + 1)[requests] if alike else rng.random(rows)
    share = missing + change.missing
    if share:
        table[by_request < share, change.column] = np.nan
    return table, requests


def make_reference(rows: NDArray[np.float32], requests: NDArray[np.int64], source: str = "training") -> Baseline:
    """Return the reference of simulated rows, with its sums."""
    columns = tuple(
        Column.of(name, kind, rows[:, index]) for index, (name, kind) in enumerate(zip(NAMES, KINDS, strict=True))
    )
    return Baseline.of(
        Reference("training" if source == "training" else "pinned", 1, "simulated", columns, rows, requests)
    )


def make_profile(baseline: Baseline, rows: NDArray[np.float32], requests: NDArray[np.int64]) -> Profile:
    """Return the profile of simulated rows."""
    reference, width = baseline.reference, rows.shape[1]
    ranks = mid_ranks(reference, rows)
    counts, values = [], np.zeros((width, 2))
    categories = []
    for index, column in enumerate(reference.columns):
        present = ~np.isnan(rows[:, index])
        cells = column.cells(rows[present, index])
        counts.append(np.bincount(cells, minlength=2 * len(column.points) + 1))
        deviations = (rows[present, index].astype(np.float64) - column.mean) / (column.sd or 1.0)
        values[index] = deviations.sum(), (deviations**2).sum()
        indicators = (cells[:, None] == np.arange(len(counts[-1]))) * 1.0 if column.kind == "category" else None
        categories.append(None if indicators is None else request_sums(indicators, requests[present]))
    first, second = np.triu_indices(width - 1, 1)
    hashes = np.random.default_rng(len(rows)).permutation(len(rows)).astype(np.uint64)
    sample = np.argsort(hashes)[:SAMPLE_ROWS]
    missing = np.isnan(rows)
    return Profile(
        rows=len(rows),
        requests=len(np.unique(requests)),
        counts=counts,
        missing=missing.sum(axis=0),
        outside=np.zeros(width - 1, np.int64),
        implausible=0,
        fallback=0,
        values=values,
        scores=request_sums(ranks, requests),
        categories=categories,
        products=request_sums((ranks[:, first] - 0.5) * (ranks[:, second] - 0.5), requests),
        sample=rows[sample],
        sample_hashes=hashes[sample],
        sample_requests=requests[sample].astype(np.uint64),
        missing_sums=request_sums(missing * 1.0, requests),
    )


def judge(rng: np.random.Generator, baseline: Baseline, cell: Cell) -> Drift:
    """Return the report on one simulated window."""
    rows, requests = simulate(rng, cell.rows, cell.change, cell.size, cell.alike, cell.usual_missing)
    return judge_drift(make_profile(baseline, rows, requests), baseline.reference, alpha=cell.alpha, baseline=baseline)


def run_model(cell: Cell, seed: int, weeks: int) -> list[Drift]:
    """Return the reports of one model's weeks."""
    rng = np.random.default_rng([seed, cell.reference, cell.rows])
    usual = replace(Change(), column=cell.change.column)
    baseline = make_reference(*simulate(rng, cell.reference, usual, missing=cell.usual_missing))
    return [judge(rng, baseline, cell) for _ in range(weeks)]


if __name__ == "__main__":
    pass
