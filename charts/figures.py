"""Figures with axes, 360 units wide: each has a title and a description for screen readers.

``name`` makes the ids of an SVG's title and description, so it differs within a page. ``description`` is a sentence of
what is to be seen, with numbers. A number that is missing, or is none, leaves a gap. What lies beyond a scale is drawn
at its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from charts.frame import Frame, bin_edges, foot_marks, inside, slots
from charts.scale import Scale, apart, extent, number, rounded, width
from charts.svg import bars, course, dots, figure, label, line, path, picked, ribbon, ring, stroke

_MOST_NAMED = 5  # versions whose values have room beside them
_MOST_VERSIONS = 40
_Band = tuple[Sequence[float | None], Sequence[float | None]]


def answer(
    name: str,
    description: str,
    edges: Sequence[float],
    counts: Sequence[int],
    value: float,
    interval: tuple[float, float] | None = None,
) -> Markup:
    """Return a prediction and its interval over a histogram of the values in training."""
    ends = [end for end in interval or () if math.isfinite(end)]
    low, high = extent(bin_edges(edges, counts), [value], ends)
    texts = [number(end, zeros=True) for end in ends] if len(ends) == 2 else []
    if texts:  # room for the numbers at both sides of the interval, wherever it lies
        shares = [min(width(text) + 6, 100) / 344 for text in texts]
        whole = (high - low) / (1 - sum(shares))
        low, high = min(low, ends[0] - shares[0] * whole), max(high, ends[1] + shares[1] * whole)
    scale = Scale(*apart(low, high), 8, 352)
    parts = []
    if texts:
        left, right = map(scale, ends)
        parts.append(path("band", f"M{left:.1f} 18H{right:.1f}V78H{left:.1f}Z"))
    parts += [path("bars", bars(slots(edges, counts, scale), 78, 42)), line("axis", 8, 78, 352, 78)]
    parts.append(foot_marks(scale, 94))
    if texts:
        parts += [line("edge", x, 18, x, 78) for x in (left, right)]
        parts += [label(left - 5, 29, texts[0], "e name"), label(right + 5, 29, texts[1], "name")]
    if math.isfinite(value):
        x, text = scale(value), number(value, zeros=True)
        parts.append(label(inside(x, text), 11, text, "m strong"))
        parts += [line("needle", x, 16, x, 78), ring(x, 78)]
    return figure(name, "The prediction among the values in training", description, 104, parts)


def curve(
    name: str,
    title: str,
    description: str,
    labels: tuple[str, str],
    points: tuple[Sequence[float], Sequence[float]],
    *,
    scale: tuple[float, float],
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    density: tuple[Sequence[float], Sequence[int]] | None = None,
    at: tuple[float, float] | None = None,
    categories: Sequence[str] = (),
) -> Markup:
    """Return a prediction as one input moves.

    Args:
        labels: what stands above the vertical axis, and at the end of the horizontal one.
        points: x and y of the line, ascending in x.
        scale: the ends of the vertical axis, the same in the charts beside it.
        band: the lower and the upper ends of the interval at each x.
        density: edges and counts of training rows, drawn at the foot; of a category its codes and their counts.
        at: the point to mark. The horizontal axis reaches it, unless that would take more than half of the chart.
        categories: the words for each x of a category; the points are then drawn without a line between them.
    """
    along, up = points[0][: len(points[1])], points[1]
    if categories:
        order = {code: i for i, code in enumerate(along)}
        along, ends = range(len(along)), (-0.5, len(along) - 0.5)
        counts = {order[code]: count for code, count in zip(*density, strict=False) if code in order} if density else {}
        density = (along, [counts.get(i, 0) for i in along])
        at = (order[at[0]], at[1]) if at and at[0] in order else None
    else:
        ends = _reaching(extent(along, bin_edges(*density) if density else ()), at)
    frame = Frame.around(apart(*ends), apart(*scale), 350, 178)
    parts = [path("band", _ribbon(frame, along, band)) if band and not categories else "", frame.grid()]
    if density:
        parts.append(path("bars", bars(slots(*density, frame.x), 178, 36)))
    parts.append(frame.name(labels[0]))
    marked = at if at and all(map(math.isfinite, at)) and frame.x.low <= at[0] <= frame.x.high else None
    if marked:
        parts.append(line("rule", frame.x(marked[0]), 24, frame.x(marked[0]), 178))
    if categories:
        parts += [_whiskers(frame, along, band), dots("dot", filter(None, _places(frame, along, up)), 4)]
        parts += [frame.axis(), _names(categories, [frame.x(x) for x in along], 194)]
    else:
        parts += [path("line", course(_places(frame, along, up))), frame.foot()]
    if marked:
        parts.append(ring(frame.x(marked[0]), frame.y(marked[1]), 5.5))
    parts.append(label(350, 212, labels[1], "e", room=340))
    return figure(name, title, description, 216, parts)


def scatter(
    name: str,
    title: str,
    description: str,
    labels: tuple[str, str],
    points: tuple[Sequence[float], Sequence[float]],
    *,
    outside: Sequence[bool] = (),
    diagonal: bool = False,
) -> Markup:
    """Return points, at most 500 of them evenly picked; those outside in another colour.

    Args:
        labels: what stands above the vertical axis and below the horizontal one.
        diagonal: draw the line on which both are equal, on equal scales; else the one at zero.
    """
    known = [i for i, pair in enumerate(zip(*points, strict=False)) if all(map(math.isfinite, pair))]
    known = [known[i] for i in picked(len(known))]
    xs, ys = ([series[i] for i in known] for series in points)
    along, up = (extent(xs, ys),) * 2 if diagonal else (extent(xs), extent(ys, [0.0]))
    frame = Frame.around(rounded(*along), rounded(*up), 352, 256)
    ends = (frame.y.low, frame.y.high) if diagonal else (0.0, 0.0)
    far = [i < len(outside) and bool(outside[i]) for i in known]
    places = [(frame.x(x), frame.y(y)) for x, y in zip(xs, ys, strict=True)]
    return figure(
        name,
        title,
        description,
        300,
        [
            frame.grid(),
            line("rule", frame.x.first, frame.y(ends[0]), frame.x.last, frame.y(ends[1])),
            dots("dot", (point for point, out in zip(places, far, strict=True) if not out)),
            dots("dot out", (point for point, out in zip(places, far, strict=True) if out)),
            frame.foot(),
            label((frame.x.first + frame.x.last) / 2, 294, labels[1], "m", room=310),
            frame.name(labels[0]),
        ],
    )


def versions(
    name: str,
    title: str,
    description: str,
    unit: str,
    items: Sequence[tuple[str, float, float | None, float | None, bool]],
) -> Markup:
    """Return a metric over the last 40 versions: of each its name, value, the ends of its interval, if it is marked."""
    items = items[-_MOST_VERSIONS:]
    up = rounded(*extent([0.0], *(item[1:4] for item in items)))
    frame = Frame.around((-0.5, max(len(items), 1) - 0.5), up, 354, 176)
    places = _places(frame, range(len(items)), [item[1] for item in items])
    parts = [frame.grid(), frame.name(unit), path("line", course(places))]
    parts.append(_whiskers(frame, range(len(items)), ([item[2] for item in items], [item[3] for item in items])))
    parts.append(frame.axis())
    for place, item in zip(places, items, strict=True):
        if place:
            parts.append(ring(*place, 5.5 if len(items) <= 2 * _MOST_NAMED else 3.5))
            if len(items) <= _MOST_NAMED:
                parts.append(label(place[0] + 9, place[1] - 7, number(item[1], zeros=True), "strong"))
    names, bold = [item[0] for item in items], [i for i, item in enumerate(items) if item[4]]
    parts.append(_names(names, [frame.x(i) for i in range(len(items))], 194, bold))
    return figure(name, title, description, 206, parts)


def _reaching(ends: tuple[float, float], at: tuple[float, float] | None) -> tuple[float, float]:
    """Return the ends of the horizontal axis, moved out to a point that is not too far."""
    low, high = ends
    if at is None or not math.isfinite(at[0]) or max(low - at[0], at[0] - high) > high - low:
        return ends
    return min(low, at[0]), max(high, at[0])


def _places(frame: Frame, xs: Sequence[float], ys: Sequence[float | None]) -> list[tuple[float, float] | None]:
    """Return where points stand; None for those that have no number."""
    return [
        (frame.x(x), frame.y(y)) if y is not None and math.isfinite(x) and math.isfinite(y) else None
        for x, y in zip(xs, ys, strict=False)
    ]


def _ribbon(frame: Frame, xs: Sequence[float], band: tuple[Sequence[float], Sequence[float]]) -> str:
    lower, upper = (_places(frame, xs, series) for series in band)
    both = [(low, high) for low, high in zip(lower, upper, strict=False) if low and high]
    return ribbon([high for _, high in both], [low for low, _ in both])


def _whiskers(frame: Frame, xs: Sequence[float], band: _Band | None) -> str:
    """Return a vertical line at each x, from the lower to the upper end."""
    lower, upper = (_places(frame, xs, series) for series in band or ((), ()))
    ends = zip(lower, upper, strict=False)
    return path("whisker", "".join(stroke(*low, *high) for low, high in ends if low and high))


def _names(names: Sequence[str], places: Sequence[float], y: float, bold: Sequence[int] = ()) -> str:
    """Return a name below each place, or below every second, third … if they are close together."""
    step = places[1] - places[0] if len(places) > 1 else 350.0
    every = math.ceil(28 / step)
    parts = []
    for i in range(0, min(len(names), len(places)), every):
        kind = "m strong" if i in bold else "m"
        parts.append(label(places[i], y, names[i], kind, room=step * every - 4))
    return "".join(parts)
