"""Scales: round marks of an axis, and numbers as a reader wants them."""

from __future__ import annotations


def number(value: float | None, digits: int = 3) -> str:
    """Return a number in at least ``digits`` digits: thin spaces between thousands, a true minus; – for None."""
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, in percent; – for None."""
    return "–" if share is None else f"{100 * share:.3g} %"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round marks with equal steps, all within the range."""
    raise NotImplementedError
