"""Figures along time: their days below, gaps where nothing is known, and that any data make a drawing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts import bars_by_day, lines_by_day, points_by_day
from tests.charts.drawing import ANY, any_data, check, corners, of_class, parse, strokes, words

VALUES = st.lists(st.none() | ANY, max_size=60)


def days(count: int, parts: int = 1, first: date = date(2026, 11, 27)) -> list[str]:
    """Days in a row, each as often as it has parts."""
    return [(first + timedelta(i)).isoformat() for i in range(count) for _ in range(parts)]


def test_bars_stand_beside_each_other_from_zero_up_to_their_values() -> None:
    root = parse(bars_by_day("b", "Answers by day", "d", "a day", [0, 50, 100], days(3)))
    (area,) = of_class(root, "now")
    assert words(root, "e") == ["0", "25", "50", "75", "100"]
    tops = [y for _, y in corners(area.attrib["d"])]
    assert tops == [164, 164, 164, 94, 94, 24, 24, 164]
    assert words(root, "m") == ["27 Nov", "28", "29"]


def test_a_day_is_named_below_the_middle_of_its_parts_and_a_month_once() -> None:
    root = parse(bars_by_day("b", "t", "d", "an hour", [1.0] * 24 * 5, days(5, 24, date(2026, 11, 29))))
    names = [text for text in root.iter("text") if text.get("class") == "m"]
    assert [name.text for name in names] == ["29 Nov", "30", "1 Dec", "2", "3"]
    (axis,) = strokes(root, "axis")
    middle = (axis[0][0] + axis[1][0]) / 2
    assert float(names[2].attrib["x"]) == pytest.approx(middle, abs=0.06)


@pytest.mark.parametrize("count", [1, 7, 8, 31, 90, 400])
def test_at_most_seven_days_are_named(count: int) -> None:
    root = parse(bars_by_day("b", "t", "d", "a day", [1.0] * count, days(count)))
    assert 1 <= len(words(root, "m")) <= 7


def test_counts_of_nothing_still_have_an_axis() -> None:
    root = parse(bars_by_day("b", "t", "d", "a day", [0, 0], days(2)))
    assert words(root, "e")[-1] == "1.00"


def test_each_line_has_its_name_at_its_end_and_names_keep_apart() -> None:
    root = parse(lines_by_day("l", "t", "d", "ms", {"slow": [9, 10, 9.9], "median": [9, 9.5, None]}, days(3)))
    names = [text for text in root.iter("text") if text.get("class") == "name"]
    assert {name.text for name in names} == {"slow", "median"}
    assert float(names[1].attrib["y"]) - float(names[0].attrib["y"]) >= 15
    assert [name.text for name in names] == ["slow", "median"]  # the higher line has the higher name
    assert len(of_class(root, "line")) == len(of_class(root, "line ref")) == 1
    right = strokes(root, "axis")[0][1][0]
    assert all(float(name.attrib["x"]) == right + 5 for name in names)


def test_a_day_without_a_value_has_a_dash_and_leaves_a_gap() -> None:
    values, lows, highs = [5.0, None, 6.0, 6.5], [4.0, 0.0, None, 5.0], [6.0, 99.0, None, 8.0]
    root = parse(points_by_day("p", "t", "d", "RMSE", (values, lows, highs), days(4), expected=(4.5, 6.2)))
    assert words(root, "m") == ["–", "27 Nov", "28", "29", "30"]
    (line,) = of_class(root, "line")
    assert line.attrib["d"].count("M") == 2
    assert len(strokes(root, "whisker")) == 2
    (points,) = of_class(root, "point")
    assert len(points) == 3
    (band,) = of_class(root, "band")
    edges = sorted({y for _, y in corners(band.attrib["d"])})
    assert edges == pytest.approx([164 - 140 * 6.2 / 8, 164 - 140 * 4.5 / 8], abs=0.06)


def test_without_an_expectation_there_is_no_band() -> None:
    root = parse(points_by_day("p", "t", "d", "RMSE", ([5.0], [4.0], [6.0]), days(1)))
    assert of_class(root, "band") == []


@any_data
@given(VALUES, VALUES, VALUES, st.none() | st.tuples(ANY, ANY), st.integers(1, 3))
def test_any_values_make_drawings(
    first: list[float | None],
    second: list[float | None],
    third: list[float | None],
    expected: tuple[float, float] | None,
    parts: int,
) -> None:
    count = min(map(len, (first, second, third)))
    of = days(count, parts)[:count]
    check(bars_by_day("b", "t", "d", "unit", [abs(value or 0) for value in first[:count]], of))
    check(lines_by_day("l", "t", "d", "unit", {"one": first[:count], "two": second[:count]}, of))
    series = first[:count], second[:count], third[:count]
    check(points_by_day("p", "t", "d", "unit", series, of, expected=expected))
