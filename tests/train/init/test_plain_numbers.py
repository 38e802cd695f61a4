"""Numbers for people: no digits that say nothing, no minus before 0, no marks in years."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.init.plain_numbers import plain_number, shortest, shown, shown_range


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (1984.0, "1984"),
        (1520000.0, "1520000"),
        (1234567.8, "1234568"),
        (0.1 + 0.2, "0.3"),
        (41.986456789, "41.9865"),
        (2.5e-9, "2.5e-09"),
        (3e20, "3e+20"),
    ],
)
def test_a_number_is_shown_as_people_write_it(value: float, text: str) -> None:
    assert shown(value) == text
    assert shown_range(value, value) == f"{text} to {text}"


@settings(deadline=None)
@given(st.floats(-1e36, 1e36))
def test_a_shorter_number_is_the_same_to_a_model(value: float) -> None:
    assert np.float32(shortest(value)) == np.float32(value)
    assert len(repr(plain_number(shortest(value)))) <= len(repr(plain_number(value)))


def test_noise_behind_the_last_digit_is_gone() -> None:
    assert shortest(0.1 + 0.2) == 0.3
    assert shortest(float(np.float32(0.7))) == 0.7
    assert shortest(123456789.0) == 123456789
    assert shortest(-93.641813) == -93.641813
