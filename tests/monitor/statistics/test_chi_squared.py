"""Pearson's test: equal to scipy's; unseen values are a category; rows of one request count less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from monitor.statistics import chi_squared
from monitor.statistics.request_sums import request_sums

tables = st.integers(2, 8).flatmap(
    lambda width: st.tuples(*[st.lists(st.integers(0, 10) | st.integers(0, 10**6), min_size=width, max_size=width)] * 2)
)


@settings(max_examples=200, deadline=None)
@given(tables)
def test_it_equals_scipy(table: tuple[list[int], list[int]]) -> None:
    window, reference = map(np.array, table)
    seen = window + reference > 0
    assume(window.sum() and reference.sum() and seen.sum() > 1)
    expected = chi2_contingency(np.stack([window, reference])[:, seen], correction=False)
    value = chi_squared.statistic(window, reference)
    assert value == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
    assert chi_squared.p_value(value, int(seen.sum())) == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)


def test_all_values_that_the_reference_has_not_are_one_category() -> None:
    assert chi_squared.categories(np.array([1, 10, 2, 20, 3])).tolist() == [10, 20, 6]


def test_its_effect_is_the_largest_change_of_a_share() -> None:
    assert chi_squared.effect(np.array([60, 30, 10]), np.array([5, 5, 0])) == pytest.approx(0.2)


def test_requests_of_equal_rows_count_as_one_row_each() -> None:
    rng = np.random.default_rng(1)
    cells = np.repeat(rng.choice([1, 3, 5], 500), 20)
    indicators = (cells[:, None] == np.arange(7)) * 1.0
    sums = request_sums(indicators, np.repeat(np.arange(500), 20))
    effect = chi_squared.design_effect(indicators.sum(axis=0).astype(np.int64), sums.design_effect)
    assert effect == pytest.approx(20, rel=0.01)


def test_one_category_has_no_test() -> None:
    assert chi_squared.p_value(0.0, 1) == 1
    assert chi_squared.design_effect(np.array([0, 9, 0]), np.ones(3)) == 1


def test_few_requests_make_the_p_value_larger() -> None:
    assert chi_squared.p_value(20, 3, 2, requests=30) > chi_squared.p_value(20, 3, 2)
    assert chi_squared.p_value(20, 3, 2, requests=10**9) == pytest.approx(chi_squared.p_value(20, 3, 2), rel=1e-6)
