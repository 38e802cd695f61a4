"""Correlations of ranks from sums, and the test whether one has changed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from monitor.statistics import correlation
from monitor.statistics.request_sums import request_sums


def ranks(values: np.ndarray) -> np.ndarray:
    return (values.argsort(axis=0).argsort(axis=0) + 0.5) / len(values)


def of(scores: np.ndarray) -> np.ndarray:
    requests, columns = np.arange(len(scores)), scores.shape[1]
    first, second = np.triu_indices(columns, 1)
    products = (scores[:, first] - 0.5) * (scores[:, second] - 0.5)
    return correlation.correlations(request_sums(scores, requests), request_sums(products, requests), columns)


def test_of_the_reference_itself_they_are_spearman_s() -> None:
    values = np.random.default_rng(1).multivariate_normal([0, 0, 0], [[1, 0.5, 0], [0.5, 1, 0.3], [0, 0.3, 1]], 300)
    expected = spearmanr(values).statistic[np.triu_indices(3, 1)]
    assert of(ranks(values)) == pytest.approx(expected, abs=1e-9)


def test_a_constant_input_has_none_and_equal_ones_have_1() -> None:
    scores = np.random.default_rng(1).random((50, 1)) * [1, 1, 0] + [0, 0, 0.3]
    assert of(scores) == pytest.approx([1, np.nan, np.nan], nan_ok=True)


def test_z_has_the_standard_deviation_1_if_nothing_has_changed() -> None:
    rng = np.random.default_rng(1)
    covariance = [[1, 0.5], [0.5, 1]]
    z = []
    for _ in range(1000):
        first, second = (float(of(ranks(rng.multivariate_normal([0, 0], covariance, rows)))[0]) for rows in (200, 400))
        z.append(correlation.statistic(first, second, 200, 400))
    assert np.std(z) == pytest.approx(1, abs=0.07)
    assert np.mean([correlation.p_value(value) <= 0.05 for value in z]) == pytest.approx(0.05, abs=0.02)


def test_equal_columns_that_come_apart_are_found_and_nothing_is_infinite() -> None:
    assert correlation.statistic(1, 1, 100, 100) == 0
    assert 10 < correlation.statistic(1, 0.9, 100, 100) < 1000
    assert correlation.effect(0.1, 0.5) == pytest.approx(-0.4)
