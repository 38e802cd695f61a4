"""Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.statistics.holm import adjust


def test_with_equal_weights_it_is_the_one_of_the_textbook() -> None:
    assert adjust([0.01, 0.04, 0.03, 0.005], [1] * 4) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_weight_is_the_part_of_the_level_that_a_test_may_use() -> None:
    assert adjust([0.01, 0.01], [0.8, 0.2]) == pytest.approx([0.0125, 0.0125])
    assert adjust([0.5, 0.01], [0.8, 0.2])[1] == pytest.approx(0.05)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_no_corrected_p_is_smaller_and_their_order_is_kept(p_values: list[float]) -> None:
    adjusted = adjust(p_values, [1.0] * len(p_values))
    assert all(0 <= before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    assert (np.diff(np.array(adjusted)[np.argsort(p_values, kind="stable")]) >= 0).all()
