"""Figures with axes, 360 units wide: each has a title and a description for screen readers.

``name`` makes the ids of an SVG's title and description, so it differs within a page. ``description`` is a sentence of
what is to be seen, with numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_EMPTY = Markup('<svg viewBox="0 0 360 190"></svg>')


def answer(
    name: str,
    description: str,
    edges: Sequence[float],
    counts: Sequence[int],
    value: float,
    interval: tuple[float, float] | None = None,
) -> Markup:
    """Return a prediction and its interval over a histogram of the values in training."""
    return _EMPTY


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
        density: edges and counts of training rows, drawn at the foot.
        at: the point to mark.
        categories: the words for each x of a category; the points are then drawn without a line between them.
    """
    return _EMPTY


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
    return _EMPTY


def versions(
    name: str,
    title: str,
    description: str,
    unit: str,
    items: Sequence[tuple[str, float, float | None, float | None, bool]],
) -> Markup:
    """Return a metric over versions: for each its name, value, the ends of its interval, and whether it is marked."""
    return _EMPTY
