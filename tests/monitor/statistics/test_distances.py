"""The stability index and Wasserstein's distance: what is shown and decides nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import wasserstein_distance

from monitor.profiles.reference import Column
from monitor.statistics import stability_index, wasserstein
from tests.monitor.statistics.samples import Floats, counts, samples


def test_the_stability_index_is_that_of_the_formula() -> None:
    window, reference = np.array([30, 70]), np.array([50, 50])
    assert stability_index.statistic(window, reference) == pytest.approx(0.2 * np.log(0.5 / 0.3) + 0.2 * np.log(1.4))


@given(samples())
def test_the_stability_index_is_0_for_the_same_rows_and_never_negative_or_infinite(pair: tuple[Floats, Floats]) -> None:
    reference, window = pair
    assert stability_index.statistic(*counts(reference, reference)) == 0
    assert 0 <= stability_index.statistic(*counts(reference, window)) < 100


def test_ten_deciles_have_as_many_rows_each() -> None:
    reference = np.arange(1000, dtype=np.float32)
    window, cells = counts(reference, np.float32(np.arange(0, 1000, 2)))
    assert stability_index.statistic(window, cells) == pytest.approx(0, abs=1e-4)


def test_wasserstein_equals_scipy_if_the_values_are_the_reference_s() -> None:
    rng = np.random.default_rng(1)
    reference = rng.lognormal(0, 1, 300).astype(np.float32)
    window = rng.choice(np.sort(reference)[100:], 500)
    points = Column.of("x", "number", reference).points
    distance = wasserstein.statistic(*counts(reference, window), points)
    assert distance == pytest.approx(wasserstein_distance(window, reference), rel=1e-6)
