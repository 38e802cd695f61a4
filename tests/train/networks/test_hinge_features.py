"""The hinge features: what numbers and categories become."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.train.helpers import write_small
from train.networks.hinge_features import hinge_features, hinge_weights
from train.spec import read_spec


def test_numbers_are_shifted_and_three_categories_become_two_hinges(tmp_path: Path) -> None:
    inputs = read_spec(write_small(tmp_path)).inputs
    rows = np.array([[-10.0, 0.0], [0.0, 1.0], [10.0, 5.0]])
    np.testing.assert_array_equal(hinge_features(inputs, rows), [[0, 0, 0], [10, 1, 0], [20, 5, 4]])


def test_without_a_category_of_three_codes_the_features_are_the_rows() -> None:
    inputs = read_spec(Path("train/boston.toml")).inputs
    rows = np.ones((2, len(inputs)))
    assert hinge_weights(inputs) is None
    assert hinge_features(inputs, rows) is rows
