"""The deciles of a reference, and where values are among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.metrics.deciles import Deciles, find_deciles
from registry import Float32Array, VersionStore
from tests.conftest import FLATS, HOUSES, publish


def test_each_decile_has_a_tenth_of_the_reference_and_nothing_is_outside() -> None:
    deciles = Deciles.of(np.random.default_rng(1).permutation(1000).astype(np.float32))
    assert deciles.shares == (0, *[0.1] * 10, 0)
    assert deciles.edges == pytest.approx([0, *range(99, 1000, 100)], abs=1e-6)
    assert list(deciles.edges) == sorted(deciles.edges)


def test_equal_values_are_in_one_bin() -> None:
    deciles = Deciles.of(np.array([0] * 70 + [1] * 30, dtype=np.float32))
    assert [share for share in deciles.shares if share] == [0.7, 0.3]
    assert Deciles.of(np.array([5], dtype=np.float32)).shares[1] == 1


def test_a_missing_value_is_in_no_bin() -> None:
    values = np.array([-13] * 50 + list(range(100)), dtype=np.float32)
    deciles = Deciles.of(values, -13)
    assert (deciles.edges, deciles.shares) == (Deciles.of(values[50:]).edges, Deciles.of(values[50:]).shares)
    assert set(Deciles.of(values[:50], -13).shares) == {0}


class Sum:
    def predict(self, rows: Float32Array) -> Float32Array:
        return rows.sum(axis=1)


class Broken:
    def predict(self, rows: Float32Array) -> Float32Array:
        raise ValueError("it does not work")


def test_a_versions_deciles_are_of_its_predictions_and_then_of_each_input(store: VersionStore) -> None:
    reference = np.array(store.reference(1), dtype=np.float32)
    prediction, *inputs = find_deciles(store, 1, Sum(), HOUSES.inputs)
    assert prediction == Deciles.of(reference.sum(axis=1))
    assert inputs == [Deciles.of(column) for column in reference.T]


def test_what_is_missing_in_the_reference_is_in_no_bin_of_its_input(tmp_path: Path) -> None:
    publish(tmp_path, FLATS)
    _, rooms, district, balcony = find_deciles(VersionStore(tmp_path, "flats"), 1, Sum(), FLATS.inputs)
    assert (min(rooms.edges), max(balcony.edges)) == (pytest.approx(2), 1)
    assert (rooms.missing, district.missing, balcony.missing) == (-13, None, 2)


def test_a_version_without_a_usable_reference_has_no_deciles(
    store: VersionStore, caplog: pytest.LogCaptureFixture
) -> None:
    assert find_deciles(store, 1, Broken(), HOUSES.inputs) == []
    assert "version 1: its rows are not counted by decile: it does not work" in caplog.text
    number = publish(store.folder.parent)
    (store.folder / str(number) / "reference.csv").write_text("changed\n")
    assert find_deciles(store, number, Sum(), HOUSES.inputs) == []
