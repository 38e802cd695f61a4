"""Small pictures beside a field or in a row of a table: what they show also stands there in numbers, so they are hidden
from screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_EMPTY = Markup('<svg viewBox="0 0 300 58" aria-hidden="true" focusable="false"></svg>')


def field_histogram(edges: Sequence[float], counts: Sequence[int], value: float | None = None) -> Markup:
    """Return how training rows are spread over an input, 300 units wide, with a needle at a value.

    A script moves the needle: its element has ``data-low`` and ``data-high``, the ends of the scale.

    Args:
        edges: n + 1, of n bins.
        value: where the needle stands; at the end it is outside of; None for no needle.
    """
    return _EMPTY


def step(start: float, end: float, low: float, high: float) -> Markup:
    """Return a bar of a waterfall, from one level to another, on a scale from low to high; its tip says which way."""
    return _EMPTY


def mark(value: float, low: float, high: float) -> Markup:
    """Return a level of a waterfall: its beginning or its end."""
    return _EMPTY


def whisker(value: float, low: float, high: float, reference: float, top: float) -> Markup:
    """Return a value with its interval, and a dashed line at a reference, on a scale from 0 to top."""
    return _EMPTY


def sparkline(values: Sequence[float]) -> Markup:
    """Return values in their order as a small line, the last one marked."""
    return _EMPTY
