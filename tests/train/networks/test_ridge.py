"""Ridge regression, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from tests.train.mixed import INPUTS, mixed
from train.networks.encoder import EncodedRows, fit_encoder
from train.networks.layers import CHUNK
from train.networks.ridge import ridge


@pytest.mark.parametrize("rows", [200, CHUNK + 7])
@pytest.mark.parametrize("penalty", [0.5, 30.0])
def test_it_is_scikit_learns_on_the_features(rows: int, penalty: float) -> None:
    values, label = mixed(rows)
    features = EncodedRows(fit_encoder(INPUTS, values, 4), values)
    weights, intercept = ridge(features, label, penalty)
    expected = Ridge(alpha=penalty).fit(features.take(slice(None)).astype(np.float64), label)
    np.testing.assert_allclose(weights, expected.coef_, rtol=1e-5, atol=1e-6)
    assert intercept == pytest.approx(expected.intercept_, rel=1e-6)


@pytest.mark.parametrize("penalty", [None, 0.0])
def test_without_a_penalty_it_is_least_squares_though_one_hot_columns_add_up_to_1(penalty: float | None) -> None:
    values, label = mixed(300)
    features = EncodedRows(fit_encoder(INPUTS, values), values)
    weights, intercept = ridge(features, label, penalty)
    matrix = features.take(slice(None)).astype(np.float64)
    expected = LinearRegression().fit(matrix, label).predict(matrix)
    np.testing.assert_allclose(matrix @ weights + intercept, expected, atol=1e-4)
    assert np.abs(weights).max() < 100
