"""The rule: calm, drift, and windows that can't be judged; in JSON whatever the rows are."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.drift_data import Change
from benchmarks.drift_power import make_reference
from monitor.report.build import finite, to_json
from tests.monitor.drift.simulated import baseline, column, judged, window

SECTION = {"verdict", "reason", "alpha", "effect", "tests", "columns", "shares", "joint"}
COLUMN = """name label unit kind rows requests mean sd reference_mean reference_sd shift_sd missing_share
reference_missing_share outside_share design_effect tests psi wasserstein p effect verdict reason histogram power levels
other_share"""


def test_a_window_like_the_reference_is_calm_and_has_every_figure() -> None:
    section = finite(asdict(judged(*window())))
    assert section.keys() == SECTION
    assert section["verdict"] == section["joint"]["verdict"] == "calm"
    assert section["tests"] == 4 * 2 + 1 + 4 + 6  # columns, outside, correlations; nothing is missing, so not tested
    for item in section["columns"]:
        assert item.keys() == set(COLUMN.split())
        assert item["verdict"] == "calm"
        assert item["reason"] == f"{item['name']} is as in training"
        assert item["power"]["rows_missing"] == 0
        assert None not in item.values()
        assert len(item["histogram"]["window"]) == len(item["histogram"]["edges"]) + 1


def test_a_shift_is_drift_of_that_column_in_words() -> None:
    drift = judged(*window(Change(0, 0.3)))
    assert drift.verdict == "drift"
    found = column(drift, "normal")
    assert found.reason.startswith("normal is 0.")
    assert found.reason.endswith(" standard deviations higher than in training")
    assert found.shift_sd == pytest.approx(0.3, abs=0.1)
    assert found.p < 0.01
    assert column(drift, "tied").verdict == "calm"


def test_a_shift_that_is_certain_but_small_is_no_drift_until_less_matters() -> None:
    against = baseline(5000)
    rows, requests = window(Change(0, 0.09), 100_000)
    drift = judged(rows, requests, against)
    assert drift.verdict == "calm"
    assert column(drift, "normal").reason == "normal differs from what it was in training, but by less than matters"
    assert judged(rows, requests, against, effect=0.05).verdict == "drift"


def test_an_alert_with_a_smaller_alpha_needs_more() -> None:
    rows, requests = window(Change(0, 0.22), 1000)
    against = baseline(1000)
    assert judged(rows, requests, against).verdict == "drift"
    assert judged(rows, requests, against, alpha=1e-6).verdict != "drift"


def test_fewer_than_30_requests_are_never_judged_however_many_rows_they_have() -> None:
    rows, _ = window(Change(0, 3), 2900)
    drift = judged(rows, np.repeat(np.arange(29), 100))
    assert drift.verdict == drift.joint.verdict == "cannot_judge"
    assert {item.verdict for item in drift.columns} == {"cannot_judge"}
    assert drift.reason == "a verdict needs 30 requests, and there are 29"
    assert drift.columns[0].reason == f"normal: {drift.reason}"


def test_a_window_without_power_says_how_many_rows_are_missing_and_so_many_are_enough() -> None:
    against = baseline(404)
    drift = judged(*window(rows=100), against)
    assert drift.verdict == "cannot_judge"
    missing = drift.columns[0].power.rows_missing
    assert missing
    assert drift.columns[0].reason == (
        f"normal: {missing} more rows are needed to find a shift of 0.3 standard deviations"
    )
    enough = judged(*window(rows=100 + missing + 2), against)
    assert enough.columns[0].power.rows_missing == 0
    assert enough.columns[0].power.detectable_sd == pytest.approx(0.3, abs=0.005)


def test_a_reference_that_is_too_small_says_so() -> None:
    drift = judged(*window(rows=50_000), baseline(100))
    assert drift.columns[0].power.rows_missing is None
    assert "the reference has too few rows to find" in drift.columns[0].reason


def test_rows_that_are_alike_within_a_request_count_as_few() -> None:
    rows, requests = window(rows=4000, size=20, alike=0.8)
    drift = judged(rows, requests)
    assert column(drift, "normal").design_effect > 10
    assert judged(rows).columns[0].design_effect == pytest.approx(1, abs=0.01)


def test_a_pinned_reference_whose_rows_are_alike_counts_as_small_too() -> None:
    rows, requests = window(rows=4000, size=20, alike=0.8, seed=9)
    drifts = [judged(*window(), make_reference(rows, group)) for group in (np.arange(4000), requests)]
    assert drifts[0].columns[0].power.detectable_sd < 0.7 * drifts[1].columns[0].power.detectable_sd


def test_a_pinned_reference_is_named_so() -> None:
    against = baseline()
    against = replace(against, reference=replace(against.reference, source="pinned"))
    assert column(judged(*window(), against), "tied").reason == "tied is as in the pinned window"


WEIRD = st.sampled_from([np.nan, 0.0, 1.0, 7.0, -1e30, 3e38, 1e-40])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(WEIRD, min_size=1, max_size=3), min_size=5, max_size=5), st.lists(WEIRD, min_size=5, max_size=5)
)
def test_no_column_however_odd_stops_the_report(window_values: list[list[float]], reference: list[float]) -> None:
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.choice(values, 300) for values in window_values]).astype(np.float32)
    known = np.tile(np.array(reference, np.float32), (200, 1))
    known[::2] = rng.standard_normal((100, 5))
    to_json(finite(asdict(judged(rows, against=make_reference(known, np.arange(200))))))
    constant = np.tile(np.array(reference, np.float32), (200, 1))
    to_json(finite(asdict(judged(rows, against=make_reference(constant, np.arange(200))))))


def test_no_rows_are_no_crash() -> None:
    drift = judged(np.zeros((0, 5), np.float32))
    assert drift.verdict == "cannot_judge"
    to_json(finite(asdict(drift)))
