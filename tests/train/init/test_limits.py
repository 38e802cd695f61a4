"""Limits: wider than the data by a margin, and never what such values can't be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.float32 import FLOAT32_MAX
from train.init.limits import date_limits, input_limits, label_limits, typical


@pytest.mark.parametrize(
    ("name", "values", "limits"),
    [
        ("size", [10, 20.5, 110], (0, 160)),
        ("change", [-5, 3.5, 15], (-15, 25)),
        ("loss", [-20.5, -10, -0.5], (-31, 0)),
        ("share", [0.1, 0.5, 0.93], (0, 1)),
        ("pct_old", [2.5, 50, 93], (0, 100)),
        ("rooms", [1, 2, 8], (0, 12)),
        ("year_built", [1950, 1999, 2010], (1925, 2035)),
        ("latitude", [38.2, 38.9], (-90, 90)),
        ("lon", [-121.5, -120.1], (-180, 180)),
        ("flag", [0, 1], (0, 2)),
        ("hr", [0, 7, 23], (0, 23)),
        ("weekday", [1, 3, 7], (1, 7)),
        ("weekday", [1, 3, 5], (0, 7)),
    ],
)
def test_limits_have_a_margin_and_end_where_such_values_do(
    name: str, values: Sequence[float], limits: tuple[float, float]
) -> None:
    found = input_limits(name, np.array(values, dtype=np.float64))
    assert (found.low, found.high) == limits
    assert found.why


def test_parts_of_dates_have_the_limits_of_a_calendar() -> None:
    assert [
        (found.low, found.high) for found in (date_limits(part, np.array([3.0])) for part in ("month", "weekday"))
    ] == [
        (1, 12),
        (0, 6),
    ]
    assert date_limits("year", np.array([2001.0, 2020.0])).high == 2045


def test_a_plausible_prediction_may_lie_as_far_from_the_data_as_they_are_wide() -> None:
    found = label_limits(np.array([10.0, 30.0]))
    assert (found.low, found.high) == (-10, 50)


@given(st.lists(st.floats(-1e36, 1e36), min_size=2, unique_by=np.float32))
def test_the_data_are_within_the_limits_and_a_sentinel_fits_below(values: list[float]) -> None:
    array = np.array(values)
    for found in (input_limits("x", array), label_limits(array)):
        assert found.low - (found.high - found.low) >= -FLOAT32_MAX
        assert found.low <= array.min()
        assert array.max() <= found.high
        assert found.low < found.high


def test_an_example_is_a_value_of_the_data() -> None:
    assert typical(np.array([1.0, 9.0, 2.0, 7.0])) == 2.0
