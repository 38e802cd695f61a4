"""The levels of a category below each other, each with what is predicted for it: words need the room of a line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from charts.frame import foot_marks
from charts.scale import Scale, apart, width
from charts.svg import dots, figure, label, line, path, place, ring, stroke

MOST = 12  # levels that are drawn
_TOP, _LINE = 6, 26
_ROOM = 150  # units for the words
_RIGHT = 352


def levels(
    name: str,
    title: str,
    description: str,
    axis: str,
    points: Sequence[tuple[str, float]],
    *,
    scale: tuple[float, float],
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    counts: Sequence[int] = (),
    at: int | None = None,
    more: int = 0,
) -> Markup:
    """Return a prediction for each level of a category: for the 12 most frequent ones, in their order.

    Args:
        axis: what stands at the end of the axis.
        points: the word and the prediction of each level.
        scale: the ends of the axis, the same in the charts beside it.
        band: the lower and the upper ends of the interval of each level.
        counts: how many training rows have each level, drawn below its word.
        at: which level to mark; it is always drawn.
        more: how many levels there are beside ``points``.
    """
    shown = pick(len(points), counts, at)
    room = min(_ROOM, max((width(points[i][0]) for i in shown), default=0.0))
    x = Scale(*apart(*scale), round(room) + 12, _RIGHT)
    base = _TOP + _LINE * len(shown)
    rows = [(i, _TOP + _LINE * row + _LINE / 2) for row, i in enumerate(shown)]
    parts = [path("gridline", "".join(stroke(x.first, y, x.last, y) for _, y in rows))]
    parts.append(path("bars", _bars([(y, counts[i]) for i, y in rows if i < len(counts)], room)))
    known = [(i, y) for i, y in rows if math.isfinite(points[i][1])]
    if at in shown and math.isfinite(points[at][1]):
        parts.append(line("rule", x(points[at][1]), _TOP, x(points[at][1]), base))
    if band:
        ends = [(band[0][i], band[1][i], y) for i, y in known if i < min(map(len, band))]
        whiskers = [stroke(x(low), y, x(high), y) for low, high, y in ends if math.isfinite(low + high)]
        parts.append(path("whisker", "".join(whiskers)))
    parts += [label(2, y + 4, points[i][0], "strong" if i == at else "name", room=room) for i, y in rows]
    parts.append(dots("dot", ((x(points[i][1]), y) for i, y in known if i != at), 4))
    parts += [ring(x(points[i][1]), y, 5.5) for i, y in known if i == at]
    parts += [line("axis", x.first, base, x.last, base), foot_marks(x, base + 16)]
    rest = f"and {more} more" if (more := more + len(points) - len(shown)) else ""
    parts += [label(2, base + 34, rest), label(350, base + 34, axis, "e", room=340 - width(rest))]
    return figure(name, title, description, round(base) + 38, parts)


def pick(count: int, counts: Sequence[int] = (), at: int | None = None, most: int = MOST) -> list[int]:
    """Return which of ``count`` levels are shown, in their order: the marked one, and the most frequent ones."""
    often = [counts[i] if i < len(counts) else 0 for i in range(count)]
    return sorted(sorted(range(count), key=lambda i: (i != at, -often[i], i))[:most])


def _bars(counts: Sequence[tuple[float, int]], room: float) -> str:
    """Return a bar below each word, as long as its share of the largest count."""
    tallest = max((count for _, count in counts), default=0)
    bars = [(y, 2 + room * count / tallest) for y, count in counts if count > 0]
    return "".join(f"M2 {place(y + 8)}H{place(end)}v3H2Z" for y, end in bars)
