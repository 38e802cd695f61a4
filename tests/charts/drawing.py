"""Reads a drawing back: its elements, the words in it, and every coordinate; and makes up data for drawings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from markupsafe import Markup

# For tests of any data: a busy machine is no failure.
any_data = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY = st.floats()
NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")
ARROW = re.compile(r"([A-Za-z])([^A-Za-z]*)")


def parse(drawing: Markup) -> ET.Element:
    """The root of a drawing; fails if it is not well-formed."""
    assert isinstance(drawing, Markup)  # a template takes it as it is
    return ET.fromstring(drawing)


def of_class(root: ET.Element, kind: str) -> list[ET.Element]:
    """All elements of a class, in their order."""
    return [element for element in root.iter() if element.get("class") == kind]


def words(root: ET.Element, kind: str | None = None) -> list[str]:
    """The texts that are drawn, of one class or all."""
    return [text.text or "" for text in root.iter("text") if kind is None or text.get("class") == kind]


def corners(course: str) -> Iterator[tuple[float, float]]:
    """Yield the points that the course of a path visits."""
    x = y = 0.0
    for letter, rest in ARROW.findall(course):
        numbers = [float(number) for number in NUMBER.findall(rest)]
        if letter in "ML":
            assert len(numbers) % 2 == 0
            for x, y in zip(numbers[::2], numbers[1::2], strict=True):  # x and y: where the pen is now
                yield x, y
        elif letter == "m":
            x, y = x + numbers[0], y + numbers[1]
            yield x, y
        elif letter in "HVhv":
            (value,) = numbers
            x = value if letter == "H" else x + value if letter == "h" else x
            y = value if letter == "V" else y + value if letter == "v" else y
            yield x, y
        else:
            assert letter == "Z"


def strokes(root: ET.Element, kind: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight lines of a class, each from its beginning to its end."""
    drawn = [list(corners(element.attrib["d"])) for element in of_class(root, kind)]
    return [pair for points in drawn for pair in zip(points[::2], points[1::2], strict=True)]


def box(root: ET.Element) -> tuple[float, float]:
    """The width and the height of a drawing."""
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return width, height


def places(root: ET.Element) -> Iterator[tuple[float, float]]:
    """Yield every place that an element of a drawing names; one coordinate alone stands with a 0."""
    for element in root.iter():
        for x, y in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
            if x in element.attrib or y in element.attrib:
                yield float(element.get(x, 0)), float(element.get(y, 0))
        yield from corners(element.get("d", ""))
        for shift in re.findall(r"translate\(([^)]*)\)", element.get("transform", "")):
            yield float(shift), 0.0


def check(drawing: Markup) -> None:
    """A drawing is well-formed, has no number that is none, and draws nothing outside its box."""
    root = parse(drawing)
    assert not re.search(r'[=>"\s](nan|-?inf)', drawing.partition("<desc")[0] + drawing.partition("</desc>")[2])
    width, height = box(root)
    for x, y in places(root):
        assert -2.1 <= x <= width + 2.1
        assert -0.1 <= y <= height + 0.1
    for element in root.iter():
        assert not {name for name in element.attrib if name.startswith("on") or name in ("style", "href")}


@st.composite
def histograms(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    """Ascending edges with one count less; at times as many, as of a category, and at times none."""
    counts = draw(st.lists(st.integers(0, 10**6), max_size=25))
    more = draw(st.sampled_from([0, 1])) if counts else 0
    size = len(counts) + more
    return sorted(draw(st.lists(st.floats(-1e300, 1e300), min_size=size, max_size=size))), counts
