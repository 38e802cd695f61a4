"""What a version must show before it becomes champion."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from registry import ReleaseError, VersionStore, promotion_gates
from registry.promotion import promote
from registry.promotion_gates import rmse_difference
from tests.conftest import HOUSES, TRICKY, WORSE, publish
from tests.registry.conftest import ANN, last


def test_a_version_that_is_worse_than_the_champion_is_refused_with_the_interval(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    with pytest.raises(
        ReleaseError, match=r"version 3 does not become champion, because of test_vs_champion: RMSE 10"
    ) as caught:
        promote(store, 3, "champion", ANN)
    assert "95% interval +10 to +10" in str(caught.value)
    assert store.aliases.read()["champion"] == 1
    assert last(store)["action"] == "publish"


def test_a_champion_that_can_not_be_opened_is_nothing_to_compare_with(store: VersionStore) -> None:
    (store.folder / "1" / "extra").touch()
    with pytest.raises(ReleaseError, match=r"test_vs_champion: there is nothing to compare with: .*extra was not"):
        promote(store, 2, "champion", ANN)
    promote(store, 2, "champion", ANN, override=True)
    assert last(store)["override"] is True


def test_a_version_that_predicts_no_number_is_not_better_than_any(store: VersionStore) -> None:
    rows = "rm,tax,age,medv\n11.5,250,66.5,20\n6,250,66.5,23\n"  # tricky.tflite gives NaN for the first
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        shutil.copy(TRICKY, folder / "model.tflite")
        (folder / "test.csv").write_text(rows)
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, ANN)
    with pytest.raises(ReleaseError, match="test_vs_champion: RMSE nan"):
        promote(store, 3, "champion", ANN)


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ([], "card: the card tells of no gate"),
        ([{"name": "worst_slice", "limit": 2.5, "value": 3, "passed": False}], "worst_slice: 3, at most 2.5"),
    ],
)
def test_the_gates_of_the_card_have_to_hold(store: VersionStore, gates: list[dict[str, object]], message: str) -> None:
    publish(store.folder.parent, gates=gates)
    with pytest.raises(ReleaseError, match=message):
        promote(store, 3, "champion", ANN)


def test_reference_rows_have_to_be_what_the_signature_says(store: VersionStore) -> None:
    narrow = replace(HOUSES.inputs[0], training=(4, 5))
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        content = replace(HOUSES, inputs=(narrow, *HOUSES.inputs[1:])).to_json()
        (folder / "signature.json").write_text(json.dumps(content))
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, ANN)
    with pytest.raises(ReleaseError, match=r"reference_data: reference.csv, line 2: rm is outside its training range"):
        promote(store, 3, "champion", ANN)


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
