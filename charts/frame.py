"""What every chart with axes has: grid lines and their numbers, the marks at the foot, the names of both axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from charts.scale import Scale, labels, ticks, width
from charts.svg import label, line, path, stroke

LEFT, TOP = 34, 24
_HANGS_OVER = 6  # units that the number at an end may stand beyond the box


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot inside a chart: a scale along it, and one up."""

    x: Scale
    y: Scale

    @classmethod
    def around(cls, along: tuple[float, float], up: tuple[float, float], right: float, base: float) -> Frame:
        """Return a frame whose left margin has room for the numbers beside it."""
        room = max(map(width, labels(ticks(*up))), default=0.0)
        return cls(Scale(*along, max(LEFT, round(room) + 8), right), Scale(*up, base, TOP))

    def grid(self) -> str:
        """Return the horizontal lines with their numbers; no vertical ones."""
        marks = ticks(self.y.low, self.y.high)
        rows = [(self.y(mark), text) for mark, text in zip(marks, labels(marks), strict=True)]
        lines = "".join(stroke(self.x.first, y, self.x.last, y) for y, _ in rows)
        return path("gridline", lines) + "".join(label(self.x.first - 6, y + 4, text, "e") for y, text in rows)

    def foot(self) -> str:
        """Return the horizontal axis with round marks."""
        return self.axis() + foot_marks(self.x, self.y.first + 16)

    def axis(self) -> str:
        """Return the horizontal axis."""
        return line("axis", self.x.first, self.y.first, self.x.last, self.y.first)

    def name(self, text: str) -> str:
        """Return the name of the vertical axis, above it."""
        return label(2, 11, text, room=350)


def foot_marks(scale: Scale, y: float) -> str:
    """Return as many round marks below an axis as have room beside each other."""
    for count in range(5, 0, -1):
        marks = ticks(scale.low, scale.high, count)
        texts = labels(marks)
        if len(marks) < 2 or scale(marks[1]) - scale(marks[0]) >= max(map(width, texts)) + 5:
            break
    return "".join(label(inside(scale(mark), text), y, text, "m") for mark, text in zip(marks, texts, strict=True))


def inside(x: float, text: str, wide: float = 360) -> float:
    """Return where the middle of a text stands, so that it hardly leaves the box."""
    half = width(text) / 2 - _HANGS_OVER
    return min(max(x, half), wide - half) if half < wide / 2 else wide / 2


def slots(edges: Sequence[float], counts: Sequence[int], scale: Scale) -> Iterator[tuple[float, float, float]]:
    """Yield of each bin its left and its right, as places, and its share of the largest count.

    Args:
        edges: n + 1 for n counts; or n, the codes of a category, around which the bins then stand.
    """
    ends, tallest = bin_edges(edges, counts), max((count for count in counts if math.isfinite(count)), default=0)
    inset = 0.0 if len(edges) > len(counts) else 0.15  # what has no neighbours stands apart
    if tallest <= 0:
        return
    for left, right, count in zip(ends[:-1], ends[1:], counts, strict=False):
        if count > 0 and math.isfinite(count):
            first, last = scale(left), scale(right)
            yield first + inset * (last - first), last - inset * (last - first), count / tallest


def bin_edges(edges: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Return n + 1 edges for n counts: those given, or the middles between the codes of a category."""
    known = [float(edge) for edge in edges if math.isfinite(edge)]
    if len(known) != len(edges) or len(known) < len(counts) or not known:
        return []
    if len(known) > len(counts):
        return known
    middles = [(low + high) / 2 for low, high in pairwise(known)]
    half = (known[1] - known[0]) / 2 if len(known) > 1 else 0.5
    return [known[0] - half, *middles, known[-1] + half]
