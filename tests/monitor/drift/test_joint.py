"""Joint drift: a relation of inputs that changes while each column stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_data import Change
from benchmarks.drift_power import make_reference
from tests.monitor.drift.simulated import baseline, judged, window


def test_a_changed_correlation_is_drift_and_is_named_first() -> None:
    drift = judged(*window(Change(correlation=0.1)))
    assert drift.verdict == drift.joint.verdict == "drift"
    first = drift.joint.correlations[0]
    assert (first.inputs, first.verdict) == (("normal", "skewed"), "drift")
    assert (first.reference, first.window) == pytest.approx((0.48, 0.1), abs=0.06)
    assert first.z < -5


def test_many_small_changes_at_once_are_found_by_the_classifier() -> None:
    rng = np.random.default_rng(1)
    known, rows = (rng.standard_normal((5000, 5)).astype(np.float32) for _ in range(2))
    rows[:, :4] = (np.sqrt(0.89) * rows[:, :4] + np.sqrt(0.11) * rng.standard_normal((5000, 1))).astype(np.float32)
    known[:, 3], rows[:, 3] = np.round(known[:, 3]), np.round(rows[:, 3])
    drift = judged(rows, against=make_reference(known, np.arange(5000)))
    assert {item.verdict for item in drift.columns} == {"calm"}
    assert {item.verdict for item in drift.joint.correlations} == {"calm"}
    assert drift.joint.classifier
    assert (drift.joint.classifier.verdict, drift.verdict) == ("drift", "drift")


def test_a_certain_but_small_change_is_none() -> None:
    drift = judged(*window(Change(correlation=0.42), 50_000), baseline(20_000))
    assert drift.joint.verdict == "calm"
    assert drift.joint.correlations[0].p < 0.01


def test_few_rows_have_no_classifier_and_few_requests_no_verdict() -> None:
    rows, _ = window(rows=90)
    assert judged(rows).joint.classifier is None
    assert judged(rows, np.arange(90) // 9).joint.verdict == "cannot_judge"
    assert judged(rows, against=baseline(20)).joint.verdict == "cannot_judge"


def test_rows_of_alike_requests_change_no_correlation() -> None:
    drift = judged(*window(rows=4000, size=20, alike=0.9, seed=11))
    assert drift.joint.verdict == "calm"
