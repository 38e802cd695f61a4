"""Small pictures beside a field or in a row of a table: what they show also stands there in numbers, so they are hidden
from screen readers. What lies beyond a scale is drawn at its end; what is no number is not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from charts.frame import bin_edges, slots
from charts.scale import Scale, apart, extent, number
from charts.svg import bars, course, label, line, path, picked, picture, place, ring

_TIP = 5.0  # units of a step's arrow


def field_histogram(edges: Sequence[float], counts: Sequence[int], value: float | None = None) -> Markup:
    """Return how training rows are spread over an input, 300 units wide, with a needle at a value.

    A script can move the needle, the group of class ``needle``: to x = 2 + 296 · share, where share is (value − low) /
    (high − low), kept within 0 and 1, for its attributes ``data-low`` and ``data-high``, the ends of the scale. It sets
    ``transform`` to ``translate(x)`` and removes ``visibility``, which is ``hidden`` while there is no value.

    Args:
        edges: n + 1, of n bins; or n, the codes of a category.
        value: where the needle stands; at the end it is outside of; None for no needle.
    """
    ends = bin_edges(edges, counts)
    low, high = apart(*extent(ends))
    scale = Scale(low, high, 2, 298)
    first, last = (edges[0], edges[-1]) if ends else (low, high)
    stands = low if value is None or math.isnan(value) else value
    where = f"translate({place(scale(stands))})"
    hidden = ' visibility="hidden"' if value is None or math.isnan(value) else ""
    needle = (
        f'<g class="needle" data-low="{low!r}" data-high="{high!r}" transform="{where}"{hidden}>'
        '<line y1="2" y2="40"/><circle class="point" cy="40" r="4.5"/></g>'
    )
    parts = [path("bars", bars(slots(edges, counts, scale), 40, 32)), line("axis", 2, 40, 298, 40)]
    parts += [label(2, 59, number(first)), label(298, 59, number(last), "e"), needle]
    return picture(300, 62, parts)


def step(start: float, end: float, low: float, high: float) -> Markup:
    """Return a bar of a waterfall, from one level to another, on a scale from low to high; its tip says which way."""
    scale = Scale(*apart(low, high), 4, 356)
    parts = [line("gridline", 2, 14, 358, 14)]
    if math.isfinite(start) and math.isfinite(end):
        first, last = scale(start), scale(end)
        if abs(last - first) < 0.1:  # nothing to be seen: a thin bar where the level stays
            parts.append(path("total", f"M{place(first - 0.8)} 6h1.6v16h-1.6Z"))
        else:
            tip = last - math.copysign(min(_TIP, abs(last - first)), last - first)
            course_ = f"M{place(first)} 6H{place(tip)}L{place(last)} 14 {place(tip)} 22H{place(first)}Z"
            parts.append(path("up" if last > first else "down", course_))
    return picture(360, 28, parts)


def mark(value: float, low: float, high: float) -> Markup:
    """Return a level of a waterfall: its beginning or its end."""
    parts = [line("gridline", 2, 14, 358, 14)]
    if math.isfinite(value):
        x = Scale(*apart(low, high), 4, 356)(value)
        parts += [line("needle", x, 4, x, 24), ring(x, 14)]
    return picture(360, 28, parts)


def whisker(value: float, low: float, high: float, reference: float, top: float) -> Markup:
    """Return a value with its interval, and a dashed line at a reference, on a scale from 0 to top."""
    scale = Scale(*apart(0.0, top), 4, 236)
    parts = [line("gridline", 4, 12, 236, 12)]
    if math.isfinite(reference):
        parts.append(line("rule", scale(reference), 1, scale(reference), 23))
    if math.isfinite(low) and math.isfinite(high):
        parts.append(line("whisker", scale(low), 12, scale(high), 12))
    if math.isfinite(value):
        parts.append(ring(scale(value), 12))
    return picture(240, 24, parts)


def sparkline(values: Sequence[float]) -> Markup:
    """Return values in their order as a small line, the last one marked; of many, 100 evenly picked and the last."""
    kept = [values[i] for i in picked(len(values), 100)] + list(values[len(values) - 1 :] if len(values) > 100 else ())
    y = Scale(*extent(kept), 33, 3)
    x = Scale(0, max(len(kept) - 1, 1), 3, 194)
    points = [(x(i), y(value)) if math.isfinite(value) else None for i, value in enumerate(kept)]
    parts = [path("line", course(points))]
    if points and points[-1]:
        parts.append(ring(*points[-1], 3.5))
    return picture(200, 36, parts, "spark")


def compared(reference: Sequence[float], window: Sequence[float]) -> Markup:
    """Return two histograms over the same bins, as shares: a window's as a line over the reference's as bars."""
    top = max((share for share in (*reference, *window) if math.isfinite(share)), default=0) or 1
    x, y = Scale(0, max(len(reference), len(window), 1), 2, 198), Scale(0, top, 42, 4)
    steps = "".join(f"V{place(y(share))}H{place(x(i + 1))}" for i, share in enumerate(window))
    parts = [path("bars", bars(((x(i), x(i + 1), share / top) for i, share in enumerate(reference)), 42, 38))]
    parts += [path("edge", f"M2 42{steps}V42" if steps else ""), line("axis", 2, 42, 198, 42)]
    return picture(200, 44, parts)


def shifts(values: Sequence[float | None]) -> Markup:
    """Return values around zero in their order, as a line with a gap at each None."""
    known = [value if value is not None and math.isfinite(value) else None for value in values]
    top = max([0.5, *(abs(value) for value in known if value is not None)])
    x, y = Scale(-0.5, max(len(known), 1) - 0.5, 4, 196), Scale(-top, top, 74, 6)
    points = [None if value is None else (round(x(i)), round(y(value))) for i, value in enumerate(known)]
    return picture(200, 80, [line("axis", 4, 40, 196, 40), path("line", course(points))], "spark")
