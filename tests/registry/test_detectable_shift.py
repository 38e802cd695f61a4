"""The smallest shift that monitoring can find."""

from __future__ import annotations

import math

import numpy as np
import pytest

from registry.detectable_shift import column_level, detectable_shift, rows_needed, smallest_shift_sentence


def test_of_four_inputs_and_404_rows_a_shift_of_a_fifth_is_out_of_reach_in_any_window() -> None:
    assert 0.2 < detectable_shift(404, math.inf, column_level(5)) < 0.22
    assert detectable_shift(404, 1000, column_level(5)) > 0.24


def test_so_many_rows_find_so_large_a_shift() -> None:
    level = column_level(5)
    rows = rows_needed(404, 0.3, level)
    assert detectable_shift(404, rows, level) == pytest.approx(0.3)
    assert (rows_needed(100, 0.3, level), rows_needed(0, 0.3, level)) == (math.inf, math.inf)
    assert (detectable_shift(404, 0, level), detectable_shift(0, 10, level)) == (math.inf, math.inf)


def test_the_test_of_mann_and_whitney_finds_it_in_80_of_100_windows() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(1)
    shift, found = detectable_shift(300, 500, 0.001), 0
    for _ in range(1000):
        reference, window = rng.standard_normal(300), rng.standard_normal(500) + shift
        found += scipy_stats.mannwhitneyu(window, reference, method="asymptotic").pvalue <= 0.001
    assert 760 <= found <= 840


def test_a_large_reference_finds_all_that_matters() -> None:
    assert smallest_shift_sentence(404, 4).endswith("by less than 0.21 standard deviations, however many rows come.")
    assert "less than 0.15 standard deviations" in smallest_shift_sentence(100_000, 4)
