"""Numbers as a reader wants them, and round marks on an axis."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts import number, percent
from charts.scale import THIN, Scale, apart, extent, labels, rounded, ticks
from tests.charts.drawing import any_data

FINITE = st.floats(allow_nan=False, allow_infinity=False)
END = st.floats(-1e300, 1e300)
ENDS = st.tuples(END, END).map(sorted)
SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(text: str) -> float:
    """The number that a text of `number` says."""
    mantissa, _, power = text.replace(THIN, "").replace("−", "-").partition("×10")
    return float(mantissa + (f"e{power.translate(SUPERSCRIPT)}" if power else ""))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (0, "0"),
        (-0.0, "0"),
        (6, "6"),
        (21.075808, "21.1"),
        (-3.766, "−3.77"),
        (0.5, "0.5"),
        (23.04, "23"),
        (0.00012345, "0.000123"),
        (9.996, "10"),
        (999.4, "999"),
        (999.95, "1000"),
        (2019, "2019"),  # a year, perhaps
        (-9999.4, "−9999"),
        (9999.6, "10\u202f000"),
        (18204.4, "18\u202f204"),
        (-1234567, "−1\u202f234\u202f567"),
        (1e12, "1\u202f000\u202f000\u202f000\u202f000"),
        (1e-7, "1\u202f×\u202f10⁻⁷"),
        (-1.25e-6, "−1.25\u202f×\u202f10⁻⁶"),
        (3.4e38, "3.4\u202f×\u202f10³⁸"),
    ],
)
def test_a_number_has_three_digits_thin_spaces_and_a_true_minus(value: float | None, written: str) -> None:
    assert number(value) == written


def test_a_number_keeps_more_digits_or_its_zeros_if_asked() -> None:
    assert number(1234.5678, 6) == "1234.57"
    assert number(1958.5, 6) == "1958.5"
    assert number(17.0, zeros=True) == "17.0"
    assert number(6, zeros=True) == "6.00"
    assert number(1e-7, zeros=True) == "1.00\u202f×\u202f10⁻⁷"


@any_data
@given(END, st.integers(1, 17))
def test_a_number_reads_back_to_its_digits(value: float, digits: int) -> None:
    text = number(value, digits)
    assert "e" not in text
    assert "-" not in text
    assert read(text) == pytest.approx(value, rel=0.5001 * 10 ** (1 - digits), abs=0)


@pytest.mark.parametrize(
    ("share", "written"),
    [(None, "–"), (math.nan, "–"), (0, "0 %"), (0.0081, "0.81 %"), (0.0623, "6.2 %"), (0.934, "93 %"), (1, "100 %")],
)
def test_a_share_is_written_in_percent(share: float | None, written: str) -> None:
    assert percent(share) == written
    assert percent(0.9034, 3) == "90.3 %"


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (3.86, 8.78, [4, 5, 6, 7, 8]),
        (187, 711, [200, 300, 400, 500, 600, 700]),
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (-38, 41, [-20, 0, 20, 40]),
        (-1e-9, 1e-9, [-1e-9, -5e-10, 0, 5e-10, 1e-9]),
        (0, 3e38, [0, 1e38, 2e38, 3e38]),
        (7, 7, [7]),
    ],
)
def test_marks_are_round(low: float, high: float, marks: list[float]) -> None:
    assert ticks(low, high) == marks


@any_data
@given(ENDS, st.integers(1, 12))
def test_marks_lie_within_the_range_and_have_equal_steps(ends: list[float], count: int) -> None:
    low, high = ends
    marks = ticks(low, high, count)
    assert 1 <= len(marks) <= 3 * count
    assert all(low <= mark <= high for mark in marks)
    steps = [after - before for before, after in pairwise(marks)]
    # Each mark is the float nearest to a multiple of the step, so a step may be off by the gap between two floats.
    gap = 2 * max((math.ulp(mark) for mark in marks), default=0)
    assert all(step > 0 and abs(step - steps[0]) <= gap for step in steps)


@any_data
@given(ENDS)
def test_a_range_with_any_width_has_at_least_two_marks(ends: list[float]) -> None:
    low, high = apart(*ends)
    assert low < high
    assert len(ticks(low, high)) >= 2


def test_the_marks_of_an_axis_have_equal_decimals() -> None:
    assert labels([0, 2.5, 5, 7.5]) == ["0.0", "2.5", "5.0", "7.5"]
    assert labels([-20, 0, 20]) == ["−20", "0", "20"]
    assert labels([2000, 2010, 2020]) == ["2000", "2010", "2020"]
    assert labels([0, 5000, 10000]) == ["0", "5\u202f000", "10\u202f000"]  # all like the largest
    assert labels([0, 5e6, 1e7]) == ["0", "0.5\u202f×\u202f10⁷", "1.0\u202f×\u202f10⁷"]
    assert labels([-1e-9, 0, 1e-9]) == ["−1\u202f×\u202f10⁻⁹", "0", "1\u202f×\u202f10⁻⁹"]
    assert labels([]) == []


@any_data
@given(ENDS)
def test_labels_tell_the_marks_apart(ends: list[float]) -> None:
    marks = ticks(*apart(*ends))
    texts = labels(marks)
    assert len(set(texts)) == len(marks)
    for mark, text in zip(marks, texts, strict=True):
        assert read(text) == pytest.approx(mark, rel=1e-6, abs=1e-6 * (marks[1] - marks[0]))


@any_data
@given(ENDS, FINITE | st.just(math.inf) | st.just(-math.inf) | st.just(math.nan))
def test_a_scale_places_every_value_within_its_ends(ends: list[float], value: float) -> None:
    scale = Scale(*apart(*ends), 34, 350)
    assert 34 <= scale(value) <= 350
    upwards = Scale(*apart(*ends), 178, 24)
    assert 24 <= upwards(value) <= 178


@any_data
@given(ENDS)
def test_rounded_ends_hold_the_range(ends: list[float]) -> None:
    low, high = apart(*ends)
    wide = rounded(*ends)
    assert wide[0] <= low
    assert wide[1] >= high


def test_ends_are_moved_out_to_round_marks() -> None:
    assert rounded(3.2, 48.9) == (0, 50)
    assert rounded(0, 50) == (0, 50)
    assert rounded(-11, 16) == (-15, 20)


def test_the_extent_of_values_leaves_out_what_is_no_number() -> None:
    assert extent([3, None, math.nan], [math.inf, 1]) == (1, 3)
    assert extent([None]) == (0, 1)
    assert extent([4, 4]) == (2, 6)
    assert extent([0]) == (-0.5, 0.5)
