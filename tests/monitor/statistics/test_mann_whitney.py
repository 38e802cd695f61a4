"""Mann and Whitney's test: equal to scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import mannwhitneyu

from monitor.profiles.reference import Column
from monitor.statistics import mann_whitney
from tests.monitor.statistics.samples import Floats, counts, samples


@settings(max_examples=200, deadline=None)
@given(samples())
def test_it_equals_scipy_on_the_rows_themselves(pair: tuple[Floats, Floats]) -> None:
    reference, window = pair
    cells = counts(reference, window)
    auc, ties = mann_whitney.statistic(*cells), mann_whitney.ties(*cells)
    p = mann_whitney.p_value(auc, len(window), len(reference), ties)
    if len(np.unique(np.concatenate(pair))) == 1:  # scipy has no p-value if all rows are equal
        assert (auc, p) == (0.5, 1)
        return
    wide = (sample.astype(np.float64) for sample in (window, reference))  # of float32 scipy's p is float32
    expected = mannwhitneyu(*wide, use_continuity=False, method="asymptotic")
    assert auc * len(window) * len(reference) == pytest.approx(expected.statistic, rel=1e-12)
    assert p == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)


@given(samples())
def test_the_auc_is_the_mean_of_the_mid_ranks(pair: tuple[Floats, Floats]) -> None:
    reference, window = pair
    column = Column.of("x", "number", reference)
    mean = column.scores[column.cells(window)].mean()
    assert mann_whitney.statistic(*counts(reference, window)) == pytest.approx(mean, abs=1e-12)


def test_its_effect_is_the_shift_of_a_normal_distribution() -> None:
    assert mann_whitney.effect(0.54) == pytest.approx(0.142, abs=1e-3)
    assert mann_whitney.effect(0.46) == pytest.approx(-0.142, abs=1e-3)
    assert (mann_whitney.effect(0), mann_whitney.effect(1)) == (-6, 6)


def test_alike_rows_count_as_few() -> None:
    assert mann_whitney.p_value(0.55, 100, 1000, 1) > mann_whitney.p_value(0.55, 1000, 1000, 1)
