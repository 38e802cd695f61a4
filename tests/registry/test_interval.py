"""Prediction intervals as a value: their width against a plain recomputation, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from registry import CategoryTerm, Interval, NumberTerm, Signature, SignatureError
from registry.float32 import FLOAT32_MAX
from tests.conftest import HOUSES, HOUSES_INTERVAL

SIGNATURE = replace(HOUSES, interval=HOUSES_INTERVAL)
WEIGHTS = st.floats(-3, 3)
RANGES = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
NUMBERS = st.builds(lambda ends, slope, curve: NumberTerm(*ends, slope, curve), RANGES, WEIGHTS, WEIGHTS)
CATEGORIES = st.dictionaries(st.integers(-5, 5).map(float), WEIGHTS, min_size=1).map(
    lambda weights: CategoryTerm(tuple(weights), tuple(weights.values()))
)
INTERVALS = st.builds(
    lambda first, more, intercept, terms: Interval({0.5: first, 0.9: first + more}, 99, intercept, tuple(terms)),
    st.floats(1e-3, 1e3),
    st.floats(0, 1e3),
    st.floats(-10, 10),
    st.lists(NUMBERS | CATEGORIES, min_size=1, max_size=8),
)


def rows_for(interval: Interval, data: st.DataObject) -> np.ndarray[Any, np.dtype[np.float32]]:
    values = st.floats(-FLOAT32_MAX, FLOAT32_MAX, width=32) | st.integers(-6, 6).map(float)
    return data.draw(arrays(np.float32, (data.draw(st.integers(1, 5)), len(interval.terms)), elements=values))


def by_hand(interval: Interval, row: list[float], level: float) -> float:
    """Half the width as the module's docstring defines it."""
    log = interval.intercept
    for term, value in zip(interval.terms, row, strict=True):
        if isinstance(term, CategoryTerm):
            log += dict(zip(term.codes, term.weights, strict=True)).get(value, 0)
        else:
            position = min(max(2 * (value - term.low) / (term.high - term.low) - 1, -1), 1)
            log += term.slope * position + term.curve * position**2
    return interval.quantiles[level] * math.exp(log)


@given(INTERVALS, st.data())
def test_every_row_has_the_width_of_the_definition_and_it_is_positive_and_finite(
    interval: Interval, data: st.DataObject
) -> None:
    rows = rows_for(interval, data)
    widths = interval.half_width(rows, 0.9)
    assert widths.dtype == np.float64
    assert widths.shape == (len(rows),)
    assert np.isfinite(widths).all()
    assert (widths > 0).all()
    np.testing.assert_allclose(widths, [by_hand(interval, row, 0.9) for row in rows.tolist()], rtol=1e-6)


@given(INTERVALS, st.data())
def test_a_row_alone_has_the_width_that_it_has_among_others(interval: Interval, data: st.DataObject) -> None:
    rows = rows_for(interval, data)
    alone = [interval.half_width_of(row, 0.5) for row in rows.tolist()]
    np.testing.assert_allclose(interval.half_width(rows, 0.5), alone, rtol=1e-14)


def test_a_code_is_found_that_float32_holds_only_nearly() -> None:
    interval = Interval({0.9: 2.0}, 99, 0.0, (CategoryTerm((0.1, 0.2), (1.0, -1.0)),))
    rows = np.array([[0.1], [0.2]], dtype=np.float32)
    expected = pytest.approx([2 * math.e, 2 / math.e])
    assert interval.half_width(rows, 0.9).tolist() == expected
    assert [interval.half_width_of(row, 0.9) for row in rows.tolist()] == expected


@given(INTERVALS)
def test_it_reads_back_as_it_was_written(interval: Interval) -> None:
    assert Interval.from_json(json.loads(json.dumps(interval.to_json()))) == interval


def test_beyond_the_training_range_the_width_stays_that_of_its_end() -> None:
    low, high = HOUSES.inputs[0].training
    rows = np.array([[low, 300, 50], [1, 300, 50], [high, 300, 50], [15, 300, 50]], np.float32)
    widths = HOUSES_INTERVAL.half_width(rows, 0.9)
    assert widths[0] == widths[1] != widths[2] == widths[3]


def test_a_level_that_is_not_stored_is_refused() -> None:
    with pytest.raises(KeyError):
        HOUSES_INTERVAL.half_width(np.zeros((1, 3), np.float32), 0.42)


def test_a_signature_with_intervals_reads_back_as_it_was_written_and_one_without_has_no_member() -> None:
    assert Signature.from_json(json.loads(json.dumps(SIGNATURE.to_json()))) == SIGNATURE
    assert hash(SIGNATURE) != hash(HOUSES)
    assert "interval" not in HOUSES.to_json()


def test_the_member_stays_small() -> None:
    assert len(json.dumps(SIGNATURE.to_json()["interval"])) < 4 * 100


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda member: member.pop("rows"), "interval: the key 'rows' is missing"),
        (lambda member: member.pop("quantiles"), "interval: the key 'quantiles' is missing"),
        (lambda member: member["terms"][0].pop("slope"), "interval: the key 'slope' is missing"),
        (lambda member: member.update(rows=0), "interval: rows: expected at least 1, not 0"),
        (lambda member: member.update(intercept=10**400), "interval: "),
        (lambda member: member.update(rows=math.inf), "interval: "),
        (lambda member: member.update(intercept=math.nan), "interval: intercept: expected a finite number, not nan"),
        (lambda member: member.update(intercept=85), "interval: intercept: .* empty or endless"),
        (lambda member: member.update(intercept=-90), "interval: intercept: .* empty or endless"),
        (lambda member: member["terms"][0].update(curve=90), "interval: intercept: .* empty or endless"),
        (lambda member: member["terms"][1].update(slope=math.inf), "interval: slope: expected a finite number"),
        (lambda member: member["terms"][1].update(low=711), "interval: low: expected a number below high"),
        (lambda member: member["terms"][1].update(low=math.nan), "interval: low: expected a finite number"),
        (lambda member: member["terms"].pop(), "interval: terms: expected 3, one for each input, not 2"),
        (
            lambda member: member["terms"].__setitem__(0, {"codes": [1, 2], "weights": [0, 0]}),
            r"interval: terms: rm: expected the codes \(\), not \(1.0, 2.0\)",
        ),
        (
            lambda member: member["terms"].__setitem__(0, {"codes": [1, 2], "weights": [0]}),
            "interval: weights: expected one for each code",
        ),
        (
            lambda member: member["terms"].__setitem__(0, {"codes": [1, 1], "weights": [0, 0]}),
            "interval: weights: expected one for each code",
        ),
        (lambda member: member.update(quantiles={}), "interval: quantiles: expected ascending levels"),
        (lambda member: member.update(quantiles={"1.5": 1}), "interval: quantiles: expected ascending levels"),
        (lambda member: member.update(quantiles={"0.9": 1, "0.5": 1}), "interval: quantiles: expected ascending"),
        (lambda member: member.update(quantiles={"0.5": 1, "0.50": 1}), "interval: quantiles: expected different"),
        (lambda member: member.update(quantiles={"0.5": 2, "0.9": 1}), "interval: quantiles: expected positive"),
        (lambda member: member.update(quantiles={"0.9": 0}), "interval: quantiles: expected positive"),
        (lambda member: member.update(quantiles={"0.9": math.nan}), "interval: quantiles: expected positive"),
        (lambda member: member.update(quantiles={"0.9": "wide"}), "interval: could not convert"),
        (lambda member: member.update(quantiles=3), "interval: 'int' object is not iterable"),
    ],
)
def test_a_bad_interval_is_refused_and_the_key_is_named(
    damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    content = json.loads(json.dumps(SIGNATURE.to_json()))
    damage(content["interval"])
    with pytest.raises(SignatureError, match=message):
        Signature.from_json(content)
