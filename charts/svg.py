"""Pieces of SVG: coordinates of one decimal, escaped words, and paths of few bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from charts.scale import width

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]")


def figure(name: str, title: str, description: str, height: int, parts: Iterable[str]) -> Markup:
    """Return a chart, 360 units wide, that a screen reader calls by its title and its description."""
    key = "chart-" + _NOT_IN_ID.sub(lambda match: f".{ord(match[0]):x}.", name)  # no two names make the same
    return drawn(
        f'<svg viewBox="0 0 360 {height}" role="img" aria-labelledby="{key}-t {key}-d"><title id="{key}-t">',
        f'{words(title)}</title><desc id="{key}-d">{words(description)}</desc>{"".join(parts)}</svg>',
    )


def picture(wide: int, height: int, parts: Iterable[str], kind: str = "") -> Markup:
    """Return a picture whose content also stands beside it in words, so that a screen reader passes it over."""
    named = f' class="{kind}"' if kind else ""
    return drawn(f'<svg{named} viewBox="0 0 {wide} {height}" aria-hidden="true" focusable="false">', *parts, "</svg>")


def drawn(*parts: str) -> Markup:
    """Return parts as markup that a template takes as it is: each word in them went through :func:`words`."""
    return Markup("".join(parts))  # noqa: S704  # the only place that says so


def words(text: str, room: float = math.inf) -> str:
    """Return a text for a place between tags, escaped; if it is wider than its room, its beginning and an ellipsis."""
    text = _NOT_IN_XML.sub("\ufffd", text)
    if width(text) > room:
        while text and width(text) + 9 > room:
            text = text[:-1]
        text = text.rstrip() + "…"
    return str(escape(text))


def place(value: float) -> str:
    """Return a coordinate with one decimal, if it needs it."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def label(x: float, y: float, text: str, kind: str = "", room: float = math.inf) -> str:
    """Return a text; ``kind`` m is in the middle of x, e ends there, else it begins there."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{place(x)}" y="{place(y)}">{words(text, room)}</text>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a straight line."""
    return path(kind, stroke(x1, y1, x2, y2))


def path(kind: str, course: str) -> str:
    """Return a path; nothing if it goes nowhere."""
    return f'<path class="{kind}" d="{course}"/>' if course else ""


def stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return the course of a straight line."""
    from_x, from_y, to_x, to_y = place(x1), place(y1), place(x2), place(y2)
    to = f"H{to_x}" if to_y == from_y else f"V{to_y}" if to_x == from_x else f"L{to_x} {to_y}"
    return f"M{from_x} {from_y}{to}"


def ring(x: float, y: float, radius: float = 5) -> str:
    """Return the mark of a point that matters."""
    return f'<circle class="point" cx="{place(x)}" cy="{place(y)}" r="{place(radius)}"/>'


def dots(kind: str, points: Iterable[tuple[float, float]], radius: float = 3.2) -> str:
    """Return many points of one kind."""
    drawn = "".join(f'<circle cx="{place(x)}" cy="{place(y)}" r="{place(radius)}"/>' for x, y in points)
    return f'<g class="{kind}">{drawn}</g>' if drawn else ""


def course(points: Iterable[tuple[float, float] | None]) -> str:
    """Return the course of a line with a gap at each None; a point alone becomes a dash that is seen."""
    parts = []
    for known, run in groupby(points, lambda point: point is not None):
        if known:
            corners = [f"{place(x)} {place(y)}" for x, y in filter(None, run)]
            parts.append(f"M{' '.join(corners)}" + ("m-2 0h4" if len(corners) == 1 else ""))
    return "".join(parts)


def ribbon(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """Return the course around what lies between two lines."""
    corners = [f"{place(x)} {place(y)}" for x, y in (*upper, *reversed(lower))]
    return f"M{' '.join(corners)}Z" if corners else ""


def bars(slots: Iterable[tuple[float, float, float]], base: float, tallest: float) -> str:
    """Return the course of bars: each from left to right, as high as its share of the tallest; none where that is 0."""
    foot, pen = place(base), math.nan
    parts: list[str] = []
    for left, right, share in slots:
        if share > 0:
            gap = 0.5 if right - left > 3 else 0.0
            start, end = round(left + gap, 1), round(max(right - gap, left + gap + 0.5), 1)
            there = f"h{place(start - pen)}" if start - pen < 10 else f"H{place(start)}"  # along the foot, unseen
            parts.append(there if parts else f"M{place(start)} {foot}")
            parts.append(f"V{place(base - max(tallest * min(share, 1), 1.5))}H{place(end)}V{foot}")
            pen = end
    return "".join(parts).replace("h0V", "V")


def picked(count: int, most: int = 500) -> range | list[int]:
    """Return which of ``count`` points are drawn: all, or ``most`` of them evenly."""
    return range(count) if count <= most else [i * count // most for i in range(most)]
