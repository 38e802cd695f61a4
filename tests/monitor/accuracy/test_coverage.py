"""The share of true values inside their intervals: what is counted, and when it is told to be too small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from monitor.accuracy.coverage import judge_coverage, measure_coverage
from registry import SHOWN_LEVEL
from tests.conftest import HOUSES, HOUSES_INTERVAL

SIGNATURE = replace(HOUSES, interval=HOUSES_INTERVAL)


def rows_with(residuals: np.ndarray) -> pd.DataFrame:
    random = np.random.default_rng(4)
    low, high = np.array([item.training for item in HOUSES.inputs]).T
    table = pd.DataFrame(random.uniform(low, high, (len(residuals), 3)).astype(np.float32), columns=HOUSES.names)
    return table.assign(residual=residuals, request_id=[f"r{number}" for number in range(len(table))])


def test_a_row_is_inside_if_its_error_is_at_most_the_half_width_for_its_inputs() -> None:
    rows = rows_with(np.zeros(40))
    widths = HOUSES_INTERVAL.half_width(rows[list(HOUSES.names)].to_numpy(), SHOWN_LEVEL)
    sides = np.where(np.arange(40) % 2, 1, -1)
    factors = np.where(np.arange(40) < 30, 0.999, 1.001)
    found = judge_coverage(rows.assign(residual=widths * sides * factors), SIGNATURE)
    assert found
    assert (found["level"], found["rows"], found["requests"], found["share"]) == (0.9, 40, 40, 0.75)


def test_a_version_without_intervals_or_without_truth_has_no_coverage() -> None:
    rows = rows_with(np.zeros(40))
    other = replace(HOUSES_INTERVAL, quantiles={0.5: 2.0})
    assert judge_coverage(rows, HOUSES) is None
    assert judge_coverage(rows, replace(HOUSES, interval=other)) is None
    assert judge_coverage(rows.head(0), SIGNATURE) is None
    assert judge_coverage(rows.assign(tax=np.float32(np.nan)), SIGNATURE) is None
    assert judge_coverage(rows.assign(tax=np.float32(np.nan)).head(1), SIGNATURE) is None


@pytest.mark.parametrize("count", [0, 3, 170, 200])
def test_the_interval_of_independent_rows_is_that_of_clopper_and_pearson(count: int) -> None:
    found = measure_coverage(np.arange(200) < count, np.arange(200), 500)
    expected = binomtest(count, 200).proportion_ci(method="exact")
    if 0 < count < 200:  # else the design effect can't be seen, and each request counts as one row
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.low <= found.share <= found.high


def test_rows_that_come_together_count_less() -> None:
    inside = np.repeat(np.random.default_rng(1).random(60) < 0.8, 20)
    alone = measure_coverage(inside, np.arange(1200), 500)
    together = measure_coverage(inside, np.repeat(np.arange(60), 20), 500)
    assert alone.share == together.share
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert together.p > alone.p


@pytest.mark.parametrize(
    ("share", "rows", "verdict"),
    [(0.7, 29, "cannot_judge"), (0.7, 100, "below"), (0.87, 100, "calm"), (0.82, 2000, "below"), (0.89, 10**6, "calm")],
)
def test_the_verdict_takes_enough_requests_and_a_gap_that_matters(share: float, rows: int, verdict: str) -> None:
    inside = np.arange(rows) < share * rows
    assert measure_coverage(inside, np.arange(rows), 10**6).verdict == verdict


def test_intervals_that_few_errors_made_get_the_benefit_of_the_doubt() -> None:
    inside = np.arange(10_000) < 8_700
    assert measure_coverage(inside, np.arange(10_000), 100).verdict == "calm"
    assert measure_coverage(inside, np.arange(10_000), 5_000).verdict == "below"


def test_right_intervals_are_seldom_called_wrong_however_few_errors_made_them() -> None:
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        quantile = np.sort(np.abs(random.normal(size=60)))[54]  # the 55th of 60 errors
        inside = np.abs(random.normal(size=500)) <= quantile
        wrong += measure_coverage(inside, np.repeat(np.arange(250), 2), 60).verdict == "below"
    assert wrong <= 12  # 4 are expected of 400
