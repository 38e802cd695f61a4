"""Missing values, values outside the reference's, and refused requests."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_data import Change
from benchmarks.drift_power import make_reference
from monitor.drift.rule import Drift, ShareDrift
from tests.monitor.drift.simulated import column, judged, window


def share(drift: Drift, name: str) -> ShareDrift:
    (found,) = (item for item in drift.shares if item.name == name)
    return found


def test_a_column_that_turned_null_is_drift_and_never_calm() -> None:
    rows, _ = window()
    rows[:, 2] = np.nan
    drift = judged(rows)
    assert drift.verdict == "drift"
    assert share(drift, "missing: tied").share == 1
    assert column(drift, "tied").reason == "tied is missing in 100 % of the rows, in training 0 %"


def test_a_change_under_one_percentage_point_is_none_however_certain() -> None:
    drift = judged(*window(Change(missing=0.008), 100_000))
    assert share(drift, "missing: normal").p < 0.01
    assert drift.verdict == "calm"
    assert judged(*window(Change(missing=0.03), 10_000)).verdict == "drift"


def test_a_few_requests_whose_rows_all_lack_a_value_are_few() -> None:
    rows, requests = window(rows=4000, size=20, alike=0.5)
    rows[requests < 3, 0] = np.nan
    assert share(judged(rows, requests), "missing: normal").verdict == "calm"
    scattered = np.arange(4000)
    assert share(judged(rows, scattered), "missing: normal").verdict == "drift"


def test_a_window_without_missing_values_is_no_change_if_few_requests_lacked_them() -> None:
    rows, requests = window(rows=4000, size=20)
    known, groups = window(rows=4000, size=20, seed=3)
    known[groups < 6, 0] = np.nan
    drift = judged(rows, requests, make_reference(known, groups))
    assert share(drift, "missing: normal").verdict == "calm"


def test_values_beyond_the_reference_s_are_drift() -> None:
    drift = judged(*window(Change(0, outside=0.04)))
    found = share(drift, "outside: normal")
    assert (found.verdict, found.share) == ("drift", pytest.approx(0.04, abs=0.015))
    assert found.reference_share == pytest.approx(0.001, rel=0.01)
    assert "normal is outside the range of the reference in" in column(drift, "normal").reason


@pytest.mark.parametrize(("refused", "verdict"), [(5, "calm"), (100, "drift")])
def test_refused_requests_are_drift_if_they_are_more_than_one_in_a_hundred(refused: int, verdict: str) -> None:
    drift = judged(*window(), refused=(refused, 2000 + refused))
    assert share(drift, "refused").verdict == drift.verdict == verdict


def test_the_first_requests_are_no_drift_if_all_are_refused() -> None:
    drift = judged(np.zeros((0, 5), np.float32), refused=(29, 29))
    assert (drift.verdict, drift.reason) == ("cannot_judge", "a verdict needs 30 requests, and there are none")
    assert judged(np.zeros((0, 5), np.float32), refused=(30, 30)).verdict == "drift"


def test_a_share_that_is_0_on_both_sides_takes_no_power_from_the_others() -> None:
    assert not [item for item in judged(*window()).shares if item.name.startswith("missing")]
