"""Tests of shares: equal to scipy's Fisher test, and right about rows beyond the reference's range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from monitor.statistics import binomial

shares = st.integers(1, 300).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))


@given(shares, shares)
def test_it_is_twice_the_smaller_tail_of_fisher_s_exact_test(window: tuple[int, int], other: tuple[int, int]) -> None:
    table = [[count, rows - count] for count, rows in (window, other)]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("greater", "less")]
    assert binomial.p_value(*window, *other) == pytest.approx(min(2 * min(tails), 1), rel=1e-9)


def test_rows_outside_the_reference_s_range_are_as_many_as_chance_has_them() -> None:
    rng = np.random.default_rng(1)
    below = 0
    for _ in range(1000):
        reference, window = rng.standard_normal(50), rng.standard_normal(200)
        outside = int(((window < reference.min()) | (window > reference.max())).sum())
        below += binomial.p_value_outside(outside, 200, 50) <= 0.05
    assert 30 <= below <= 60  # 50 and less, as counts are whole


def test_a_share_that_should_be_small_is_tested_from_above_only() -> None:
    assert binomial.p_value_above(0, 1000, 0.01) == 1
    assert binomial.p_value_above(50, 1000, 0.01) < 1e-10


def test_few_rows_of_a_reference_say_nothing_of_its_range() -> None:
    assert binomial.p_value_outside(10, 10, 1) == 1


def test_its_effect_is_the_change() -> None:
    assert binomial.statistic(3, 12) - binomial.statistic(0, 0) == binomial.effect(0.25, 0)
