"""Dates in texts: their format, if every cell has the same and only one fits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from registry import parse_date

_CLOCK = r"(?P<clock>[T ]\d{2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>\.\d{1,6})?)?)?"
_ISO = re.compile(rf"\d{{4}}(?P<mark>[-/.])\d{{1,2}}(?P=mark)\d{{1,2}}{_CLOCK}", re.ASCII)
_SHORT = re.compile(rf"\d{{1,2}}(?P<mark>[-/.])\d{{1,2}}(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_CLOCK}", re.ASCII)
_NAMED = re.compile(rf"\d{{1,2}}(?P<mark>[- ])[A-Z][a-z]{{2}}(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_CLOCK}", re.ASCII)
_AMERICAN = re.compile(r"[A-Z][a-z]+ \d{1,2}, \d{4}", re.ASCII)
_ONE_NUMBER = re.compile(r"(19|20)\d{6}", re.ASCII)
_NO_ACCIDENT = 10
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
AS_NUMBER = "%Y%m%d"
_SAMPLE = 1000  # texts that tell whether a column holds dates


def date_format(cells: Iterable[str]) -> str:
    """Return the format of all cells as :func:`datetime.strptime` names it; empty if they have none in common.

    Day and month in figures may be either way round: the format is empty if both fit. See :func:`is_ambiguous`.
    """
    formats = _fitting(cells)
    return formats[0] if len(formats) == 1 else ""


def is_ambiguous(cells: Iterable[str]) -> bool:
    """Say whether all cells are dates in more than one way."""
    return len(_fitting(cells)) > 1


def are_dates(numbers: Collection[str]) -> bool:
    """Say whether whole numbers are dates such as 20261231, and no others: so many that it is no accident."""
    return len(numbers) >= _NO_ACCIDENT and all(
        _ONE_NUMBER.fullmatch(number) and parse_date(number, AS_NUMBER) for number in numbers
    )


def odd_one(cells: Sequence[str]) -> str:
    """Return the first text that is not written as most dates are; empty if fewer than half of the texts are dates."""
    found = [forms for cell in cells[:_SAMPLE] if (forms := _fitting([cell]))]
    if not found or len(found) < 0.5 * len(cells[:_SAMPLE]):
        return ""
    ((form, _),) = Counter(chain.from_iterable(found)).most_common(1)
    return next((cell for cell in cells if not parse_date(cell, form)), "")


def _fitting(cells: Iterable[str]) -> list[str]:
    formats: list[str] = []
    seen = False
    for cell in cells:
        formats = [form for form in (formats if seen else _formats(cell)) if parse_date(cell, form)]
        seen = True
        if not formats:
            return []
    return formats[:1] if formats[:1] == ["%B %d, %Y"] else formats  # every month is May


def _formats(cell: str) -> list[str]:
    """Return the formats that one date may have."""
    if _MONTH.fullmatch(cell):
        return ["%Y-%m"]
    for pattern, forms in (
        (_ISO, ["%Y{mark}%m{mark}%d"]),
        (_SHORT, ["%d{mark}%m{mark}{year}", "%m{mark}%d{mark}{year}"]),
        (_NAMED, ["%d{mark}%b{mark}{year}"]),
    ):
        if found := pattern.fullmatch(cell):
            groups = found.groupdict()
            year = "%y" if len(groups.get("year") or "0000") == 2 else "%Y"
            end = ""
            if clock := groups["clock"]:
                end = f"{clock[0]}%H:%M" + (":%S" if groups["seconds"] else "") + (".%f" if groups["fraction"] else "")
            if groups["mark"] == ".":  # what is written with points has the day first
                forms = forms[:1]
            return [form.format(mark=groups["mark"], year=year) + end for form in forms]
    return ["%B %d, %Y", "%b %d, %Y"] if _AMERICAN.fullmatch(cell) else []  # May fits both
