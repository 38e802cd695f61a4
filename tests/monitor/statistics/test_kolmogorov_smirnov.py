"""Kolmogorov and Smirnov's test: equal to scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import ks_2samp

from monitor.statistics import kolmogorov_smirnov
from tests.monitor.statistics.samples import Floats, counts, samples


@settings(max_examples=200, deadline=None)
@given(samples())
def test_it_equals_scipy_on_the_rows_themselves(pair: tuple[Floats, Floats]) -> None:
    reference, window = pair
    if len(reference) == len(window) == 1:  # half a row: scipy has no p-value
        assert kolmogorov_smirnov.p_value(1.0, 1, 1) == 1
        return
    expected = ks_2samp(window, reference, method="asymp")
    distance = kolmogorov_smirnov.statistic(*counts(reference, window))
    assert distance == pytest.approx(expected.statistic, abs=1e-12)
    p = kolmogorov_smirnov.p_value(distance, len(window), len(reference))
    assert p == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)


def test_it_equals_scipy_on_a_million_rows() -> None:
    rng = np.random.default_rng(1)
    reference, window = (rng.standard_normal(rows).astype(np.float32) for rows in (2000, 1_000_000))
    distance = kolmogorov_smirnov.statistic(*counts(reference, window))
    assert distance == pytest.approx(ks_2samp(window, reference, method="asymp").statistic, abs=1e-12)


def test_it_tells_where_the_distributions_are_farthest_apart() -> None:
    window, reference = counts(np.float32([1, 2, 3, 4]), np.float32([1, 1, 1, 3.5]))
    cell, share, reference_share = kolmogorov_smirnov.place(window, reference)
    assert (cell, share, reference_share) == (1, 0.75, 0.25)


def test_rows_that_count_less_have_a_larger_p() -> None:
    assert kolmogorov_smirnov.p_value(0.1, 1000, 1000) < kolmogorov_smirnov.p_value(0.1, 100, 1000)
    assert kolmogorov_smirnov.p_value(0.1, 0.4, 1000) == 1


def test_its_effect_is_the_shift_of_a_normal_distribution() -> None:
    assert kolmogorov_smirnov.effect(0.06) == pytest.approx(0.15, abs=1e-3)
    assert (kolmogorov_smirnov.effect(0), kolmogorov_smirnov.effect(1)) == (0, 6)
