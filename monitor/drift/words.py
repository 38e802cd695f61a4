"""The verdict of a column in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.drift.result import MIN_REQUESTS, Result
from monitor.profiles.reference import Column, Ints, Reference
from monitor.statistics import chi_squared, kolmogorov_smirnov
from registry import printable

UNEQUAL = "a few large requests have most of the rows, and a verdict needs rows of more requests"
TOO_SMALL = "the reference has too few rows"
MAX_TEXT = 40  # characters of a level in a sentence
_LARGEST_SHIFT = 6.0  # beyond it a few absurd values make the mean, and say nothing of the others


def where(reference: Reference) -> str:
    """Return what the window is compared with: "in training"."""
    return "in training" if reference.source == "training" else "in the pinned window"


def drift(
    column: Column,
    window: Ints,
    reference: Reference,
    alarms: Mapping[str, Result],
    shift: float,
    shares: Sequence[str],
) -> str:
    """Return what has changed: the shape of the distribution, then the sentences about the column's ``shares``."""
    then, shape = where(reference), ""
    if "chi_squared" in alarms:
        shape = _category(column, window, then)
    elif "mann_whitney" in alarms:  # a shift says more than a distance
        shape = _shift(column.name, shift, alarms["mann_whitney"].effect > 0, then)
    elif "kolmogorov_smirnov" in alarms:
        shape = _shape(column, window, then)
    return "; ".join(filter(None, [shape, *shares]))


def share(what: str, now: float, expected: str, reference: float) -> str:
    """Return the sentence about a share of the rows."""
    return f"{what} in {_percent(now)} of the rows, {expected} {_percent(reference)}"


def calm(name: str, reference: Reference, is_small: bool) -> str:
    """Return that there is no drift; ``is_small``: there is some, but it does not matter."""
    if is_small:
        return f"{name} differs from what it was {where(reference)}, but by less than matters"
    return f"{name} is as {where(reference)}"


def too_few_requests(requests: int) -> str:
    """Return that the window has too few requests for a verdict."""
    are = "is 1" if requests == 1 else f"are {requests or 'none'}"
    return f"a verdict needs {MIN_REQUESTS} requests, and there {are}"


def too_few_values(name: str, requests: int) -> str:
    """Return that too few requests have a value of the column."""
    have = "1 request has" if requests == 1 else f"{requests or 'no'} requests have"
    return f"{name}: {have} a value, and a verdict needs {MIN_REQUESTS}"


def too_few_rows(name: str, missing: int | None, shift: float) -> str:
    """Return how many rows are missing to find a shift of so many standard deviations."""
    if missing is None:
        return f"{name}: {TOO_SMALL} to find a shift of {shift:g} standard deviations, however many rows come"
    more = "1 more row is" if missing == 1 else f"{missing:,} more rows are"
    return f"{name}: {more} needed to find a shift of {shift:g} standard deviations"


def _shift(name: str, shift: float, is_higher: bool, then: str) -> str:
    size = f"{abs(shift):.2f} standard deviations " if (shift > 0) == is_higher and abs(shift) < _LARGEST_SHIFT else ""
    return f"{name} is {size or 'mostly '}{'higher' if is_higher else 'lower'} than {then}"


def _shape(column: Column, window: Ints, then: str) -> str:
    cell, share, reference_share = kolmogorov_smirnov.place(window, column.cell_counts)
    limit = f"{'at most' if cell % 2 else 'below'} {column.points[cell // 2]:g}"
    return f"{column.name} is {limit} in {_percent(share)} of the rows, {then} in {_percent(reference_share)}"


def _category(column: Column, window: Ints, then: str) -> str:
    mine, theirs = (
        counts / counts.sum() for counts in (chi_squared.categories(window), chi_squared.categories(column.cell_counts))
    )
    changed = int(np.abs(mine - theirs).argmax())
    value = quoted(column, changed) if changed < len(column.points) else "none of the known values"
    return f"{column.name} is {value} in {_percent(mine[changed])} of the rows, {then} in {_percent(theirs[changed])}"


def quoted(column: Column, place: int) -> str:
    """Return what a value of a category is called, in a sentence: a code, or a text in quotation marks."""
    word = printable(column.word(column.points[place]))
    return f"“{word if len(word) <= MAX_TEXT else word[: MAX_TEXT - 1] + '…'}”" if column.words else word


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
