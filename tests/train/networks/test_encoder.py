"""The encoder: what rows become, by hand, and that the layers compute the same in float32."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import Input, Missing
from tests.train.mixed import INPUTS, mixed, number, texts
from train.dataset import Floats
from train.networks.encoder import Encoder, fit_encoder
from train.networks.layers import apply


def column(values: list[float]) -> Floats:
    return np.array(values, np.float64)[:, np.newaxis]


def features(item: Input, training: list[float], asked: list[float], quantiles: int = 0) -> list[list[float]]:
    return fit_encoder([item], column(training), quantiles).features(column(asked)).tolist()


def by_layers(encoder: Encoder, rows: Floats) -> Floats:
    return apply(encoder.layers, rows) @ encoder.kernel + encoder.bias


def test_a_number_has_mean_0_and_deviation_1_in_training_and_goes_on_beyond() -> None:
    assert features(number("x", 0, 10), [1, 3], [1, 2, 3, 10]) == [[-1], [0], [1], [8]]


def test_a_number_far_from_0_loses_no_digit() -> None:
    item = number("x", 1e7 - 8, 1e7 + 8)
    training = column([1e7 - 1, 1e7 + 1])
    asked = column([1e7 - 8, 1e7 - 1, 1e7, 1e7 + 1, 1e7 + 8])
    encoder = fit_encoder([item], training)
    assert encoder.features(asked)[:, 0].tolist() == [-8, -1, 0, 1, 8]
    assert by_layers(encoder, asked)[:, 0] == pytest.approx([-8, -1, 0, 1, 8], rel=1e-6)


def test_a_missing_number_is_its_fill_and_an_indicator() -> None:
    item = number("x", 0, 10, Missing(-10, 3, indicator=True))
    assert features(item, [1, -10, 3, -10], [2, 3, -10]) == [[0, 0], [1, 0], [1, 1]]


def test_a_missing_number_without_an_indicator_or_examples_is_its_fill_alone() -> None:
    assert features(number("x", 0, 10, Missing(-10, 3)), [1, -10, 3], [3, -10]) == [[1], [1]]
    assert features(number("x", 0, 10, Missing(-10, 3, indicator=True)), [1, 3], [3, -10]) == [[1], [1]]


def test_a_missing_number_is_not_far_off_however_wide_the_limits_are() -> None:
    for missing in (Missing(-3e9, 2.5), Missing(3e9, 2.5)):
        encoder = fit_encoder([number("x", -1e9, 1e9, missing)], column([1, 2, 3, missing.value]), 4)
        fill, absent = by_layers(encoder, column([2.5, missing.value]))
        assert absent == pytest.approx(fill, rel=1e-6)


@pytest.mark.parametrize("largest", [1e30, 3.4e38])
def test_a_number_may_be_as_large_as_float32(largest: float) -> None:
    item = number("x", -largest / 4, largest / 4, Missing(-3 * largest / 4, 0))
    encoder = fit_encoder([item], column([-largest / 4, 0, largest / 4]))
    asked = column([-largest / 4, 0, largest / 4, -3 * largest / 4])
    root = 1.5**0.5
    assert by_layers(encoder, asked)[:, 0] == pytest.approx([-root, 0, root, 0], rel=1e-6, abs=1e-6)


def test_a_category_is_one_hot_columns_exactly() -> None:
    item = replace(texts("x", 4), categories=(-3, 0, 7, 16_777_216), limits=(-3, 16_777_216), other=None)
    encoder = fit_encoder([item], column([-3, 0, 7, 16_777_216, 0]))
    np.testing.assert_array_equal(encoder.features(column(list(item.categories))), np.eye(4))
    units = apply(encoder.layers, column(list(item.categories)))
    np.testing.assert_array_equal(units, np.tril(np.full((4, 3), 6), -1))


def test_a_code_that_no_row_has_is_the_mean_of_the_features() -> None:
    assert features(texts("x", 3), [1, 1, 1, 2], [0, 1, 2]) == [[0.75, 0.25], [1, 0], [0, 1]]


def test_a_missing_category_has_a_column_or_is_its_fill() -> None:
    own, filled = texts("x", 2, Missing(2, 1, indicator=True)), texts("x", 2, Missing(2, 1))
    assert features(own, [0, 1, 2], [0, 1, 2]) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert features(filled, [0, 1, 2], [0, 1, 2]) == [[1, 0], [0, 1], [0, 1]]
    assert features(own, [0, 1], [0, 1, 2]) == [[1, 0], [0, 1], [0, 1]]  # the model has seen none


def test_what_is_the_same_in_every_row_has_no_column() -> None:
    assert features(texts("x", 3), [1, 1], [0, 1, 2]) == [[], [], []]


def test_bins_are_0_below_1_above_and_a_share_within() -> None:
    training = [0.0, 1, 2, 3, 8]  # the quartiles are 1, 2 and 3
    found = np.array(features(number("x", -9, 99), training, [-5, 0.5, 2, 5.5, 99], 4))[:, 1:]
    expected = [[0, 0, 0, 0], [0.5, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0.5], [1, 1, 1, 1]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_bins_of_a_missing_number_are_those_of_its_fill() -> None:
    for value in (-100.0, 200.0):
        item = number("x", -9, 99, Missing(value, 5.5))
        fill, absent = features(item, [0.0, 1, 2, 3, 8, value], [5.5, value], 4)
        assert absent == pytest.approx(fill, abs=1e-6)


def test_a_bin_is_never_too_narrow_for_float32() -> None:
    training = np.concatenate([1e6 + np.linspace(0, 1e-3, 50), np.linspace(0, 1, 50)])[:, np.newaxis]
    encoder = fit_encoder([number("x", 0, 1e7)], training, 16)
    asked = np.linspace(0, 2e6, 999)[:, np.newaxis]
    np.testing.assert_allclose(by_layers(encoder, asked), encoder.features(asked), atol=2e-5)


@pytest.mark.parametrize("quantiles", [0, 16])
def test_the_layers_compute_the_features_of_every_kind_of_input(quantiles: int) -> None:
    rows, _ = mixed(3000)
    encoder = fit_encoder(INPUTS, rows[:500], quantiles)
    np.testing.assert_allclose(by_layers(encoder, rows), encoder.features(rows), rtol=1e-5, atol=2e-5)
    assert {layer.activation for layer in encoder.layers} <= {"linear", "relu", "relu6"}
    assert not any(layer.trainable for layer in encoder.layers)


@given(
    low=st.floats(-(2.0**100), 2.0**100, width=32),
    width=st.floats(2.0**-10, 2.0**100, width=32),
    shares=st.lists(st.floats(0, 1), min_size=2, max_size=30),
    quantiles=st.sampled_from([0, 2, 16]),
)
def test_features_of_any_number_are_finite_and_those_of_a_missing_one_its_fills(
    low: float, width: float, shares: list[float], quantiles: int
) -> None:
    high = float(np.float32(low + width))
    value = float(np.float32(low - (high - low)))
    if not value < low < high:
        return  # float32 has no number between
    values = [min(max(float(np.float32(low + share * (high - low))), low), high) for share in shares]
    item = number("x", low, high, Missing(value, values[0], indicator=True))
    encoder = fit_encoder([item], column([*values, value]), quantiles)
    found = by_layers(encoder, column([*values, value]))
    assert np.isfinite(found).all()
    assert found[-1, :-1] == pytest.approx(found[0, :-1], abs=1e-4, rel=1e-5)
    assert found[:, -1] == pytest.approx([0.0] * len(values) + [1.0], abs=1e-6)
