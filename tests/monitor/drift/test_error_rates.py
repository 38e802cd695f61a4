"""How often the rule is wrong, on the core cells; benchmarks/drift_power.py has the whole table.

The numbers of windows are small: a bound is what the goal may give by chance, once in a thousand runs.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import binom

from benchmarks.drift_data import Change
from benchmarks.drift_power import Cell, alert_week, run_model

pytestmark = pytest.mark.slow
CHANCE = 1e-3
SHIFTS = [Change(column, 0.3) for column in range(3)]


def alarms(cell: Cell, models: int, weeks: int) -> int:
    return sum(report.verdict == "drift" for seed in range(models) for report in run_model(cell, seed, weeks))


@pytest.mark.parametrize(
    ("cell", "goal"),
    [
        (Cell("calm", 404, 1000), 0.015),
        (Cell("calm", 2000, 10_000), 0.015),
        (Cell("missing cells", 404, 1000, usual_missing=0.05), 0.015),
        (Cell("200 requests of alike rows", 404, 4000, size=20, alike=0.8), 0.02),
        (Cell("missing in whole requests", 2000, 4000, size=20, alike=0.8, usual_missing=0.05), 0.02),
    ],
    ids=lambda value: value.title if isinstance(value, Cell) else "",
)
def test_calm_windows_are_calm(cell: Cell, goal: float) -> None:
    models, weeks = 40, 3
    assert alarms(cell, models, weeks) <= binom.isf(CHANCE, models * weeks, goal)


@pytest.mark.parametrize("change", SHIFTS, ids=["normal", "skewed", "tied"])
def test_a_shift_of_a_third_of_a_standard_deviation_is_found(change: Change) -> None:
    cell = Cell("shift", 404, 1000, change)
    assert alarms(cell, 100, 1) >= binom.ppf(CHANCE, 100, 0.93)
    assert alarms(replace(cell, reference=2000), 20, 2) == 40


def test_a_shift_that_does_not_matter_is_no_drift_in_a_million_rows() -> None:
    assert alarms(Cell("tiny shift", 2000, 1_000_000, Change(0, 0.05)), 2, 1) == 0


def test_a_correlation_that_is_lost_is_found() -> None:
    cell = Cell("correlation", 404, 1000, Change(correlation=0.1))
    assert alarms(cell, 100, 1) >= binom.ppf(CHANCE, 100, 0.97)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(unseen=0.08), "drift"),
        (Change(unseen=0.01), "calm"),
        (Change(code=0.15), "drift"),
        (Change(code=0.02), "calm"),
        (Change(missing=0.03), "drift"),
        (Change(missing=0.005), "calm"),
        (Change(outside=0.03), "drift"),
        (Change(outside=0.002), "calm"),
    ],
)
def test_categories_and_shares_follow_their_thresholds(change: Change, expected: str) -> None:
    reports = [report.verdict for seed in range(20) for report in run_model(Cell("", 2000, 5000, change), seed, 1)]
    assert reports.count(expected) >= 19


def test_an_hourly_alert_is_silent_in_calm_weeks() -> None:
    assert [alert_week(404, 40, seed) for seed in range(2)] == [0, 0]
