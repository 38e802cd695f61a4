"""What a version must show before it becomes champion."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from registry import ReleaseError, VersionStore, promotion_gates
from registry.promotion import promote
from registry.promotion_gates import rmse_difference
from tests.conftest import HOUSES, TRICKY, WORSE
from tests.registry.conftest import ANN, last, publish_changed

FAILED_GATE = {"name": "worst_slice", "limit": 2.5, "value": 3, "passed": False}
NARROW = replace(HOUSES, inputs=(replace(HOUSES.inputs[0], training=(4, 5)), *HOUSES.inputs[1:]))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"model.tflite": WORSE.read_bytes()}, r"test_vs_champion: RMSE 10.*95% interval \+10 to \+10"),
        # tricky.tflite gives NaN for the first row.
        (
            {"model.tflite": TRICKY.read_bytes(), "test.csv": "rm,tax,age,medv\n11.5,250,66.5,20\n6,250,66.5,23\n"},
            "test_vs_champion: RMSE nan",
        ),
        ({"card.json": '{"gates": []}'}, "card: the card names no gate"),
        ({"card.json": json.dumps({"gates": [FAILED_GATE]})}, "worst_slice: 3, at most 2.5"),
        (
            {"signature.json": json.dumps(NARROW.to_json())},
            "reference_data: reference.csv, line 2: rm is outside its training range",
        ),
    ],
    ids=["worse than the champion", "predicts NaN", "no gate in the card", "failed gate in the card", "reference rows"],
)
def test_a_version_that_fails_a_gate_is_refused(
    store: VersionStore, files: dict[str, str | bytes], message: str
) -> None:
    publish_changed(store, files)
    with pytest.raises(ReleaseError, match=f"version 3 does not become champion, because of {message}"):
        promote(store, 3, "champion", ANN)
    assert store.aliases.read()["champion"] == 1
    assert last(store)["action"] == "publish"


def test_a_champion_that_can_not_be_opened_is_nothing_to_compare_with(store: VersionStore) -> None:
    (store.folder / "1" / "extra").touch()
    with pytest.raises(ReleaseError, match=r"test_vs_champion: there is nothing to compare with: .*extra was not"):
        promote(store, 2, "champion", ANN)
    promote(store, 2, "champion", ANN, override=True)
    assert last(store)["override"] is True


@pytest.mark.parametrize(
    ("name", "value", "gate"),
    [("MAX_MILLISECONDS", 0, "latency"), ("MIN_PLAUSIBLE", 1.1, "reference_data")],
)
def test_what_is_measured_now_has_to_hold_too(
    store: VersionStore, monkeypatch: pytest.MonkeyPatch, name: str, value: float, gate: str
) -> None:
    monkeypatch.setattr(promotion_gates, name, value)
    with pytest.raises(ReleaseError, match=f"because of {gate}: "):
        promote(store, 2, "champion", ANN)


def test_the_difference_of_two_models_has_an_interval_that_covers_it() -> None:
    random = np.random.default_rng(7)
    actual = random.normal(20, 9, 400)
    good = (actual + random.normal(0, 2, 400)).astype(np.float32)
    bad = (actual + random.normal(0, 3, 400)).astype(np.float32)
    worse, low, high = rmse_difference(actual, bad, good)
    assert low < worse < high
    assert low > 0
    better, low, high = rmse_difference(actual, good, bad)
    assert better == pytest.approx(-worse)
    assert high < 0
    same, low, high = rmse_difference(actual, good, good)
    assert (same, low, high) == (0, 0, 0)


def test_many_test_rows_need_no_memory_for_their_interval() -> None:
    rows = np.zeros(200_000, dtype=np.float32)
    tracemalloc.start()
    rmse_difference(rows.astype(np.float64), rows, rows + 1, resamples=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
