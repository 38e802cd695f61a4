"""Whatever the data and the words, a figure is well-formed, stays in its box and says no number that is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from charts import answer, curve, scatter, versions
from tests.charts.drawing import ANY, any_data, check, histograms, parse, words
from tests.charts.test_figures import COUNTS, EDGES, X, Y

HOSTILE = "<b>&\"' 売上 \x00\x1b[2J\ud800 " + "long" * 60
PAIRS = st.lists(st.tuples(ANY, ANY), max_size=30)


def test_words_are_escaped_and_cut_wherever_they_stand() -> None:
    drawings = [
        curve("n", HOSTILE, HOSTILE, (HOSTILE, HOSTILE), (X, Y), scale=(0, 60)),
        curve(
            "n", HOSTILE, HOSTILE, (HOSTILE, HOSTILE), ([0, 1], [5, 6]), scale=(0, 9), categories=[HOSTILE, "売上" * 40]
        ),
        scatter("n", HOSTILE, HOSTILE, (HOSTILE, HOSTILE), (X, Y)),
        versions("n", HOSTILE, HOSTILE, HOSTILE, [(HOSTILE, 5.0, 4.0, 6.0, True)]),
        answer("n", HOSTILE, EDGES, COUNTS, 21.0),
    ]
    for drawing in drawings:
        root = parse(drawing)
        assert "<b>" not in drawing
        assert {element.tag for element in root.iter()} <= {
            "svg",
            "title",
            "desc",
            "g",
            "path",
            "line",
            "circle",
            "text",
        }
        assert all(len(text) <= 45 for text in words(root))
        assert (root[1].text or "").startswith("<b>&\"' 売上 \ufffd\ufffd[2J\ufffd long")


@any_data
@given(histograms(), ANY, st.none() | st.tuples(ANY, ANY))
def test_any_answer_makes_a_drawing(
    histogram: tuple[list[float], list[int]], value: float, interval: tuple[float, float] | None
) -> None:
    check(answer("a", "d", *histogram, value, interval))


@any_data
@given(PAIRS, PAIRS, st.tuples(ANY, ANY), histograms(), st.none() | st.tuples(ANY, ANY), st.booleans())
def test_any_curve_makes_a_drawing(
    points: list[tuple[float, float]],
    band: list[tuple[float, float]],
    scale: tuple[float, float],
    histogram: tuple[list[float], list[int]],
    at: tuple[float, float] | None,
    category: bool,
) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    ends = [low for low, _ in band], [high for _, high in band]
    names = [f"name {i}" for i in range(len(xs))] if category else ()
    drawing = curve(
        "c", "t", "d", ("up", "along"), (xs, ys), scale=scale, band=ends, density=histogram, at=at, categories=names
    )
    check(drawing)


@any_data
@given(PAIRS, st.lists(st.booleans(), max_size=30), st.booleans())
def test_any_points_make_a_drawing(points: list[tuple[float, float]], outside: list[bool], diagonal: bool) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    check(scatter("s", "t", "d", ("up", "along"), (xs, ys), outside=outside, diagonal=diagonal))


@any_data
@given(st.lists(st.tuples(st.text(), ANY, st.none() | ANY, st.none() | ANY, st.booleans()), max_size=50))
def test_any_versions_make_a_drawing(items: list[tuple[str, float, float | None, float | None, bool]]) -> None:
    check(versions("v", "t", "d", "unit", items))
