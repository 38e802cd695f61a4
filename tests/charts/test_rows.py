"""Pictures in rows: what they draw, that screen readers pass them over, and that any data make a picture."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts import compared, field_histogram, mark, shifts, sparkline, step, whisker
from tests.charts.drawing import ANY, any_data, check, corners, histograms, of_class, parse, strokes, words
from tests.charts.test_figures import COUNTS, EDGES


def test_pictures_are_hidden_from_screen_readers() -> None:
    for picture in (
        field_histogram(EDGES, COUNTS, 20),
        step(1, 2, 0, 3),
        mark(1, 0, 3),
        whisker(5, 4, 6, 5, 10),
        sparkline([1, 2]),
        compared([0.5, 0.5], [0.4, 0.6]),
        shifts([0.1, 0.2]),
    ):
        root = parse(picture)
        assert root.get("aria-hidden") == "true"
        assert root.get("focusable") == "false"
        assert root.find("title") is None


def test_a_histogram_has_a_needle_that_a_script_can_move() -> None:
    root = parse(field_histogram(EDGES, COUNTS, 20))
    (needle,) = of_class(root, "needle")
    low, high = float(needle.attrib["data-low"]), float(needle.attrib["data-high"])
    assert (low, high) == (0, 50)
    assert needle.get("transform") == "translate(120.4)"  # 2 + 296 · (20 − 0) / 50
    assert needle.get("visibility") is None
    assert needle.get("style") is None
    assert words(root) == ["0", "50"]


@pytest.mark.parametrize("value", [None, math.nan])
def test_the_needle_is_hidden_while_there_is_no_value(value: float | None) -> None:
    (needle,) = of_class(parse(field_histogram(EDGES, COUNTS, value)), "needle")
    assert needle.get("visibility") == "hidden"


def test_the_needle_stands_at_the_end_for_a_value_outside() -> None:
    (low,) = of_class(parse(field_histogram(EDGES, COUNTS, -7)), "needle")
    (high,) = of_class(parse(field_histogram(EDGES, COUNTS, 1e9)), "needle")
    assert (low.get("transform"), high.get("transform")) == ("translate(2)", "translate(298)")


def test_each_bin_with_rows_has_a_bar_that_is_seen_however_few_they_are() -> None:
    (bars,) = of_class(parse(field_histogram([0, 1, 2, 3], [100_000, 0, 1])), "bars")
    points = list(corners(bars.attrib["d"]))
    assert bars.attrib["d"].count("V") == 2 * 2  # up and down
    assert sorted({y for _, y in points}) == [8, 38.5, 40]


def test_a_category_has_a_bar_around_each_code() -> None:
    root = parse(field_histogram([1, 2, 5], [40, 10, 3], 2))
    (bars,) = of_class(root, "bars")
    assert bars.attrib["d"].count("V") == 2 * 3
    assert words(root) == ["1", "5"]


def test_a_step_points_the_way_it_goes() -> None:
    (up,) = of_class(parse(step(20, 23, 15, 25)), "up")
    (down,) = of_class(parse(step(23, 20, 15, 25)), "down")
    tip, heel = 4 + 352 * 8 / 10, 4 + 352 * 5 / 10
    assert max(corners(up.attrib["d"])) == pytest.approx((tip, 14), abs=0.06)
    assert min(corners(down.attrib["d"])) == pytest.approx((heel, 14), abs=0.06)


def test_a_small_step_still_has_a_tip_and_none_a_bar_without_one() -> None:
    root = parse(step(20, 20.02, 15, 25))
    (up,) = of_class(root, "up")
    assert max(corners(up.attrib["d"]))[1] == 14
    still = parse(step(20, 20, 15, 25))
    assert of_class(still, "up") == of_class(still, "down") == []
    assert len(of_class(still, "total")) == 1


def test_a_step_begins_where_the_one_before_it_ended() -> None:
    (first,) = of_class(parse(step(15, 22.3, 15, 25)), "up")
    (second,) = of_class(parse(step(22.3, 19, 15, 25)), "down")
    assert max(corners(first.attrib["d"]))[0] == max(corners(second.attrib["d"]))[0]


def test_a_whisker_shows_a_value_its_interval_and_the_reference() -> None:
    root = parse(whisker(5, 4, 7, 6, 10))
    assert strokes(root, "whisker") == [((96.8, 12), (166.4, 12))]
    assert [point.get("cx") for point in of_class(root, "point")] == ["120"]
    assert strokes(root, "rule") == [((143.2, 1), (143.2, 23))]


def test_what_is_no_number_is_not_drawn() -> None:
    none = math.nan
    assert of_class(parse(whisker(5, none, 7, 6, 10)), "whisker") == []
    assert of_class(parse(whisker(none, 4, 7, 6, 10)), "point") == []
    assert of_class(parse(whisker(5, 4, 7, none, 10)), "rule") == []
    assert of_class(parse(mark(none, 0, 3)), "point") == []
    root = parse(step(1, none, 0, 3))
    assert of_class(root, "up") == of_class(root, "down") == of_class(root, "total") == []
    assert of_class(parse(sparkline([1, none])), "point") == []


def test_a_sparkline_marks_the_last_value() -> None:
    root = parse(sparkline([3, 1, 2]))
    (line,), (point,) = of_class(root, "line"), of_class(root, "point")
    assert list(corners(line.attrib["d"])) == [(3, 3), (98.5, 33), (194, 18)]
    assert (point.get("cx"), point.get("cy")) == ("194", "18")
    assert root.get("class") == "spark"


@pytest.mark.parametrize("count", [0, 1, 2, 101, 5000])
def test_a_sparkline_of_any_length_is_small_and_ends_at_the_last_value(count: int) -> None:
    picture = sparkline([float(i) for i in range(count)])
    check(picture)
    assert len(picture) < 1600
    assert len(of_class(parse(picture), "point")) == min(count, 1)


def test_a_window_is_drawn_as_a_line_over_the_bars_of_its_reference() -> None:
    root = parse(compared([0.25, 0.5, 0.25], [0.0, 0.25, 0.75]))
    (line,), (bars,) = of_class(root, "edge"), of_class(root, "bars")
    assert [y for _, y in corners(line.attrib["d"])] == [42, 42, 42, 29.3, 29.3, 4, 4, 42]
    assert {y for _, y in corners(bars.attrib["d"])} == {42, 29.3, 16.7}


def test_shifts_are_drawn_around_zero_with_a_gap_where_there_is_none() -> None:
    root = parse(shifts([0.0, -1.0, None, 1.0, 0.5]))
    (line,) = of_class(root, "line")
    assert list(corners(line.attrib["d"].split("m")[0])) == [(23, 40), (62, 74), (138, 6), (177, 23)]
    assert line.attrib["d"].count("M") == 2
    assert strokes(root, "axis") == [((4, 40), (196, 40))]


def test_small_shifts_look_small() -> None:
    (line,) = of_class(parse(shifts([0.01, -0.01])), "line")
    assert {y for _, y in corners(line.attrib["d"])} <= {39, 40, 41}


@any_data
@given(st.lists(st.floats(min_value=0), max_size=40), st.lists(ANY, max_size=40), st.lists(st.none() | ANY))
def test_any_shares_and_shifts_make_a_picture(
    reference: list[float], window: list[float], values: list[float | None]
) -> None:
    check(compared(reference, window))
    check(shifts(values))


@any_data
@given(histograms(), st.none() | ANY)
def test_any_histogram_makes_a_picture(histogram: tuple[list[float], list[int]], value: float | None) -> None:
    picture = field_histogram(*histogram, value)
    check(picture)
    (needle,) = of_class(parse(picture), "needle")
    assert float(needle.attrib["data-low"]) < float(needle.attrib["data-high"])


@any_data
@given(ANY, ANY, ANY, ANY, ANY)
def test_any_numbers_make_a_row(a: float, b: float, c: float, d: float, e: float) -> None:
    for picture in (step(a, b, c, d), mark(a, b, c), whisker(a, b, c, d, e), sparkline([a, b, c, d, e])):
        check(picture)
