"""The table below a chart."""

from __future__ import annotations

from charts import numbers
from tests.charts.drawing import parse


def test_a_table_has_a_caption_headings_and_each_row_its_own() -> None:
    root = parse(numbers("By rooms", ["Rooms", "Prediction", "Said"], [[3.86, 16.512, "low"], [2000, None, "high"]]))
    assert root.tag == "details"
    assert root[0].text == "Numbers of this chart"
    assert [caption.text for caption in root.iter("caption")] == ["By rooms"]
    headings = [(cell.get("scope"), cell.get("class"), cell.text) for cell in root.iter("th")]
    assert headings == [
        ("col", None, "Rooms"),
        ("col", "n", "Prediction"),
        ("col", None, "Said"),
        ("row", None, "3.86"),
        ("row", None, "2000"),
    ]
    assert [(cell.get("class"), cell.text) for cell in root.iter("td")] == [
        ("n", "16.5"),
        (None, "low"),
        ("n", "–"),
        (None, "high"),
    ]


def test_a_wide_table_is_scrolled_by_the_keyboard() -> None:
    (_, box) = parse(numbers("By rooms", ["Rooms"], []))
    assert box.attrib == {"class": "wide", "role": "group", "aria-label": "By rooms", "tabindex": "0"}


def test_every_text_is_escaped() -> None:
    hostile = "<b>&\"'"
    root = parse(numbers(hostile, [hostile, hostile], [[hostile, hostile]]))
    assert {element.tag for element in root.iter()}.isdisjoint({"b"})
    assert root[1].get("aria-label") == hostile
