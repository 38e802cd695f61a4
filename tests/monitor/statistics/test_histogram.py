"""Histograms from the counts of cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from monitor.profiles.reference import Column
from monitor.statistics.histogram import histogram
from tests.monitor.statistics.samples import Floats, counts, samples


@given(samples())
def test_every_row_is_in_a_bin(pair: tuple[Floats, Floats]) -> None:
    reference, window = pair
    shown = histogram(Column.of("x", "number", reference), counts(reference, window)[0])
    assert len(shown.reference) == len(shown.window) == len(shown.edges) + 1 <= 20
    assert sum(shown.reference) == pytest.approx(1, abs=1e-4)
    assert sum(shown.window) == pytest.approx(1, abs=1e-4)
    assert shown.edges == sorted(shown.edges)


def test_the_reference_s_shares_are_those_of_its_rows() -> None:
    reference = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    shown = histogram(Column.of("x", "number", reference), counts(reference, reference)[0])
    expected = np.diff(np.searchsorted(np.sort(reference), shown.edges), prepend=0, append=1000) / 1000
    assert shown.reference == pytest.approx(expected.tolist(), abs=1e-6)


def test_few_values_have_a_bin_each_and_a_category_one_more_for_the_unseen() -> None:
    reference, window = np.float32([1, 1, 2, 5]), np.float32([1, 7, 7, 2])
    number = histogram(Column.of("x", "number", reference), counts(reference, window)[0])
    assert (number.edges, number.reference, number.window) == ([1.5, 3.5], [0.5, 0.25, 0.25], [0.25, 0.25, 0.5])
    category = histogram(Column.of("x", "category", reference), counts(reference, window)[0])
    assert (category.edges, category.window) == ([1, 2, 5], [0.25, 0.25, 0, 0.5])


def test_without_rows_there_are_no_shares() -> None:
    empty = histogram(Column.of("x", "number", np.float32([])), np.array([3]))
    assert (empty.edges, empty.reference, empty.window) == ([], [], [1.0])
