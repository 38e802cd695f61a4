"""Simulated rows for the tests of the rule; benchmarks/drift_power.py has how they are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.drift_data import Change, simulate
from benchmarks.drift_power import make_profile, make_reference
from monitor.drift import Drift, judge_drift
from monitor.drift.columns import ColumnDrift
from monitor.statistics.baseline import Baseline

ROWS = 2000


def baseline(rows: int = ROWS, seed: int = 1) -> Baseline:
    return make_reference(*simulate(np.random.default_rng(seed), rows, Change()))


def window(
    change: Change | None = None, rows: int = ROWS, seed: int = 2, **request: Any
) -> tuple[np.ndarray, np.ndarray]:
    return simulate(np.random.default_rng(seed), rows, change or Change(), **request)


def judged(
    rows: np.ndarray, requests: np.ndarray | None = None, against: Baseline | None = None, **options: Any
) -> Drift:
    against = against or baseline()
    requests = np.arange(len(rows)) if requests is None else requests
    profile = make_profile(against, rows, requests)
    return judge_drift(profile, against.reference, **options)


def column(drift: Drift, name: str) -> ColumnDrift:
    (found,) = (item for item in drift.columns if item.name == name)
    return found


def pinned(against: Baseline, requests: np.ndarray) -> Baseline:
    return Baseline.of(replace(against.reference, source="pinned", requests=requests))
