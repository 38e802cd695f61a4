"""Figures with axes: what they draw of good data."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from markupsafe import Markup

from charts import answer, curve, scatter, versions
from tests.charts.drawing import box, check, corners, of_class, parse, strokes, words

EDGES, COUNTS = [0.0, 10, 20, 30, 40, 50], [5, 30, 40, 0, 10]
X, Y = [0.0, 10, 20, 30, 40, 50], [5.0, 12, 20, 31, 39, 48]


def the_curve(**more: object) -> Markup:
    arguments = {"scale": (0, 60), "at": (20, 20), "density": (EDGES, COUNTS), **more}
    return curve("rooms", "As rooms change", "From 5 to 48.", ("prediction, $1000", "rooms"), (X, Y), **arguments)  # type: ignore[arg-type]  # as a test wants them


def test_a_figure_has_a_role_a_title_and_a_description_for_screen_readers() -> None:
    root = parse(the_curve())
    assert root.get("role") == "img"
    named = root.attrib["aria-labelledby"].split()
    assert [element.get("id") for element in root[:2]] == named
    assert [element.tag for element in root[:2]] == ["title", "desc"]
    assert [element.text for element in root[:2]] == ["As rooms change", "From 5 to 48."]
    assert root.get("tabindex") is None
    assert box(root)[0] == 360


def test_charts_of_other_names_have_other_ids() -> None:
    names = ["a", "a b", "a_b", "a.b", "a-b", "a.20.b", "ä", "a-t", "", "A"]
    ids = [re.findall(r' id="([^"]*)"', scatter(name, "t", "d", ("", ""), ([], []))) for name in names]
    assert len({key for pair in ids for key in pair}) == 2 * len(names)
    assert all(re.fullmatch(r"[\w.-]+", key, re.ASCII) for pair in ids for key in pair)


def test_a_curve_has_grid_lines_at_round_marks_and_names_both_axes() -> None:
    root = parse(the_curve())
    assert words(root, "e")[:4] == ["0", "20", "40", "60"]
    lines = strokes(root, "gridline")
    assert len(lines) == 4
    assert all(start[1] == end[1] for start, end in lines)
    assert words(root, "m") == ["0", "10", "20", "30", "40", "50"]
    assert words(root, None)[4] == "prediction, $1000"
    assert words(root, "e")[-1] == "rooms"


def test_a_curve_runs_through_its_points_and_rings_the_present_one() -> None:
    root = parse(the_curve())
    (line,) = of_class(root, "line")
    drawn = list(corners(line.attrib["d"]))
    assert drawn[0] == (34, pytest.approx(178 - 154 * 5 / 60, abs=0.06))
    assert drawn[-1] == (350, pytest.approx(178 - 154 * 48 / 60, abs=0.06))
    (ring,) = of_class(root, "point")
    assert (float(ring.attrib["cx"]), float(ring.attrib["cy"])) == pytest.approx(drawn[2], abs=0.01)
    assert strokes(root, "rule") == [((drawn[2][0], 24), (drawn[2][0], 178))]


def test_the_interval_is_a_band_between_its_ends_and_the_training_rows_stand_at_the_foot() -> None:
    root = parse(the_curve(band=([y - 3 for y in Y], [y + 3 for y in Y])))
    (band,) = of_class(root, "band")
    around = list(corners(band.attrib["d"]))
    assert len(around) == 2 * len(X)
    assert around[0][1] < around[-1][1]  # up the picture is a smaller y
    (bars,) = of_class(root, "bars")
    assert bars.attrib["d"].count("V") == 2 * 4  # up and down; one bin is empty
    assert {y for _, y in corners(bars.attrib["d"])} >= {178, 142}


def test_a_point_beyond_the_training_range_widens_the_axis_unless_it_is_far_away() -> None:
    near, far = parse(the_curve(at=(80, 50))), parse(the_curve(at=(8000, 50)))
    assert float(of_class(near, "point")[0].attrib["cx"]) == 350
    assert max(x for x, _ in corners(of_class(near, "line")[0].attrib["d"])) < 300
    assert of_class(far, "point") == []
    assert max(x for x, _ in corners(of_class(far, "line")[0].attrib["d"])) == 350


def test_a_missing_point_leaves_a_gap_and_a_lonely_one_is_seen() -> None:
    root = parse(curve("a", "t", "d", ("", ""), ([1, 2, 3, 4, 5], [1, 2, math.nan, 4, math.inf]), scale=(0, 5)))
    (line,) = of_class(root, "line")
    assert line.attrib["d"].count("M") == 2
    assert line.attrib["d"].endswith("m-2 0h4")


def test_a_category_has_points_and_whiskers_above_its_words() -> None:
    drawing = curve(
        "sex",
        "t",
        "d",
        ("prediction", "sex"),
        ([1, 2, 5], [150, 170, 120]),
        scale=(100, 200),
        band=([140, 150, 90], [160, 190, 150]),
        density=([1, 2, 5], [200, 150, 20]),
        at=(2, 170),
        categories=["female", "male", "not said at all, by nobody"],
    )
    check(drawing)
    root = parse(drawing)
    assert of_class(root, "line") == []
    assert len(strokes(root, "whisker")) == 3
    (dots,) = of_class(root, "dot")
    xs = [float(dot.attrib["cx"]) for dot in dots]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.11)  # codes are names, not amounts
    assert of_class(root, "point")[0].get("cx") == dots[1].get("cx")
    assert words(root, "m")[:2] == ["female", "male"]
    assert words(root, "m")[2].endswith("…")


def test_points_on_equal_scales_lie_on_the_diagonal_where_both_are_equal() -> None:
    root = parse(scatter("s", "t", "d", ("predicted", "actual"), ([5, 20, 48], [5, 20, 40]), diagonal=True))
    (((x1, y1), (x2, y2)),) = strokes(root, "rule")
    assert (x1, y1, x2, y2) == (34, 256, 352, 24)
    (dots,) = of_class(root, "dot")
    apart = [(float(dot.attrib["cx"]) - x1) / (x2 - x1) - (y1 - float(dot.attrib["cy"])) / (y1 - y2) for dot in dots]
    assert apart[:2] == pytest.approx([0, 0], abs=0.001)
    assert apart[2] > 0.1
    assert words(root, "m")[:6] == words(root, "e")[:6] == ["0", "10", "20", "30", "40", "50"]


def test_points_around_zero_have_a_line_there_and_those_outside_another_colour() -> None:
    root = parse(
        scatter("s", "t", "d", ("error", "predicted"), ([5, 20, 48], [-3, 2, 15]), outside=[False, False, True])
    )
    (rule,) = strokes(root, "rule")
    assert strokes(root, "gridline")[words(root, "e").index("0")] == rule
    assert len(of_class(root, "dot")[0]) == 2
    assert len(of_class(root, "dot out")[0]) == 1


def test_of_many_points_500_are_drawn() -> None:
    many = [float(i) for i in range(20_000)]
    drawing = scatter("s", "t", "d", ("", ""), (many, many), diagonal=True)
    root = parse(drawing)
    assert len(of_class(root, "dot")[0]) == 500
    assert len(drawing.encode()) < 25_000


def test_an_answer_stands_over_the_values_in_training_with_its_interval() -> None:
    root = parse(answer("a", "21.1, 17.0 to 25.2", EDGES, COUNTS, 21.075808, (16.98, 25.2)))
    assert words(root, "m strong") == ["21.1"]
    assert words(root, "e name") == ["17.0"]
    assert words(root, "name") == ["25.2"]
    (band,) = of_class(root, "band")
    xs = [x for x, _ in corners(band.attrib["d"])]
    assert min(xs) == pytest.approx(8 + 344 * 16.98 / 50, abs=0.06)
    assert max(xs) == pytest.approx(8 + 344 * 25.2 / 50, abs=0.06)
    assert words(root, "m") == ["0", "10", "20", "30", "40", "50"]


def test_an_answer_without_an_interval_has_no_band() -> None:
    root = parse(answer("a", "d", EDGES, COUNTS, 21.0))
    assert of_class(root, "band") == of_class(root, "edge") == []
    assert len(of_class(root, "point")) == 1


@pytest.mark.parametrize(("value", "interval"), [(0.2, (0.1, 0.4)), (49.9, (49.8, 90)), (-300, (-500, 700))])
def test_the_numbers_of_an_interval_have_room_wherever_it_lies(value: float, interval: tuple[float, float]) -> None:
    root = parse(answer("a", "d", EDGES, COUNTS, value, interval))
    (before,), (after,) = of_class(root, "e name"), of_class(root, "name")
    assert float(before.attrib["x"]) >= 7 * len(before.text or "")
    assert float(after.attrib["x"]) <= 360 - 7 * len(after.text or "")


def test_versions_are_drawn_in_their_order_from_zero_with_their_intervals() -> None:
    items = [("1", 6.15, 4.0, 8.3, False), ("2", 4.95, 3.1, 7.2, True), ("3", 4.96, None, None, False)]
    root = parse(versions("v", "RMSE by version", "d", "RMSE, $1000", items))
    assert words(root, "m") == ["1", "3"]
    assert words(root, "m strong") == ["2"]
    assert words(root, "strong") == ["6.15", "4.95", "4.96"]
    assert words(root, "e")[0] == "0.0"
    assert len(strokes(root, "whisker")) == 2
    assert [float(ring.attrib["cx"]) for ring in of_class(root, "point")] == pytest.approx([91.5, 196.5, 301.5])


def test_of_many_versions_the_last_40_are_drawn_and_their_names_keep_apart() -> None:
    root = parse(versions("v", "t", "d", "RMSE", [(str(i), 5.0, 4.0, 6.0, i == 199) for i in range(200)]))
    assert len(of_class(root, "point")) == 40
    xs = [float(text.attrib["x"]) for text in root.iter("text") if text.get("y") == "194"]
    assert min(after - before for before, after in pairwise(xs)) > 27
