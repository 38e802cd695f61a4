"""The levels of a category: which are drawn, and what of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts import levels
from charts.levels import MOST, pick
from tests.charts.drawing import ANY, any_data, check, corners, of_class, parse, strokes, words
from tests.charts.test_any_figure import HOSTILE

POINTS = [("Nordend", 20.0), ("Höchst", 10.0), ("Bronx", 30.0)]


def test_each_level_has_its_word_and_its_point_and_the_present_one_is_marked() -> None:
    drawing = levels("d", "District", "d", "rent", POINTS, scale=(0, 40), at=1)
    check(drawing)
    root = parse(drawing)
    assert words(root, "name") == ["Nordend", "Bronx"]
    assert words(root, "strong") == ["Höchst"]
    (ring,) = of_class(root, "point")
    (dots,) = of_class(root, "dot")
    assert len(dots) == 2
    assert float(ring.attrib["cx"]) < min(float(dot.attrib["cx"]) for dot in dots)
    (rule,) = strokes(root, "rule")
    assert rule[0][0] == pytest.approx(float(ring.attrib["cx"]), abs=0.1)
    assert words(root, "e")[-1] == "rent"


def test_intervals_are_whiskers_and_the_training_rows_bars_below_the_words() -> None:
    band = [15.0, 5.0, math.nan], [25.0, 15.0, 35.0]
    root = parse(levels("d", "t", "d", "rent", POINTS, scale=(0, 40), band=band, counts=(10, 5, 0)))
    assert len(strokes(root, "whisker")) == 2
    (bars,) = of_class(root, "bars")
    ends = sorted({x for x, _ in corners(bars.attrib["d"])})
    assert len(ends) == 3  # where all begin, and where two end
    assert ends[2] - ends[0] == pytest.approx(2 * (ends[1] - ends[0]), abs=0.2)


def test_of_many_levels_the_most_frequent_and_the_present_one_are_drawn_and_the_others_counted() -> None:
    points = [(f"level {i}", float(i)) for i in range(68)]
    counts = [100 if 40 <= i < 60 else 1 for i in range(68)]
    drawing = levels("d", "t", "d", "rent", points, scale=(0, 70), counts=counts, at=3, more=432)
    check(drawing)
    root = parse(drawing)
    assert words(root, "strong") == ["level 3"]
    assert words(root, "name") == [f"level {i}" for i in range(40, 51)]
    assert "and 488 more" in words(root, None)


def test_levels_are_picked_in_their_order() -> None:
    assert pick(3) == [0, 1, 2]
    assert pick(5, [1, 9, 1, 9, 9], most=3) == [1, 3, 4]
    assert pick(5, [1, 9, 1, 9, 9], at=0, most=3) == [0, 1, 3]
    assert len(pick(500)) == MOST


def test_words_are_escaped_and_cut() -> None:
    drawing = levels("n", HOSTILE, HOSTILE, HOSTILE, [(HOSTILE, 1.0), ("売上" * 40, 2.0)], scale=(0, 3), more=9)
    check(drawing)
    assert "<b>" not in drawing
    assert all(len(text) <= 45 for text in words(parse(drawing)))


@any_data
@given(
    st.lists(st.tuples(st.text(), ANY), max_size=30),
    st.tuples(ANY, ANY),
    st.none() | st.lists(st.tuples(ANY, ANY), max_size=30),
    st.lists(st.integers(0, 10**9), max_size=40),
    st.none() | st.integers(0, 40),
)
def test_any_levels_make_a_drawing(
    points: list[tuple[str, float]],
    scale: tuple[float, float],
    band: list[tuple[float, float]] | None,
    counts: list[int],
    at: int | None,
) -> None:
    ends = None if band is None else ([low for low, _ in band], [high for _, high in band])
    check(levels("l", "t", "d", "along", points, scale=scale, band=ends, counts=counts, at=at))
