"""Sums by request, and what follows from them: design effects and variances."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.statistics.request_sums import equal_requests, request_sums, variance_of_mean


def test_the_sums_are_those_of_the_definition() -> None:
    sums = request_sums(np.array([[1.0], [2.0], [np.nan], [4.0]]), np.array([7, 7, 7, 3]))
    figures = (sums.rows, sums.requests, sums.total, sums.squares, sums.request_squares, sums.request_products)
    assert [float(figure[0]) for figure in figures] == [3, 2, 7, 21, 9 + 16, 3 * 2 + 4 * 1]
    assert sums.size_squares[0] == 4 + 1


def test_the_variance_of_the_mean_is_the_one_between_requests() -> None:
    rng = np.random.default_rng(1)
    means, variances = [], []
    for _ in range(500):
        requests = np.repeat(np.arange(60), 10)
        scores = (rng.standard_normal(60)[requests] + rng.standard_normal(600))[:, None]
        sums = request_sums(scores, requests)
        means.append(float(sums.mean[0]))
        variances.append(float(variance_of_mean(sums)[0]))
        assert variances[-1] == pytest.approx(float(scores.var() / 600 * sums.design_effect[0]))
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.15)


def test_one_request_with_nearly_all_rows_weighs_as_one() -> None:
    sizes = [1000] + [1] * 20
    sums = request_sums(np.ones((1020, 1)), np.repeat(np.arange(21), sizes))
    assert equal_requests(sums)[0] == pytest.approx(1.04, abs=0.01)
    assert equal_requests(request_sums(np.ones((40, 1)), np.arange(40) // 2))[0] == 20
