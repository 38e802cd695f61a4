"""Numbers as text: as JSON writes them, or as people do, with a decimal comma or separators between thousands.

A text counts only if it has one reading: 1,234 may be 1.234 or 1234. In a number of JSON, the point is decimal.
"""

from __future__ import annotations

import re

_SPACES = " \u00a0\u2009\u202f'\u2019"  # and apostrophes: they stand between thousands only
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class AmbiguousNumber(str):
    """The text of a number that has two readings: with a decimal comma, and with thousands set apart by it."""

    @property
    def problem(self) -> str:
        """What is wrong with it, in words."""
        return f"{self} may mean {self.replace(',', '.')} or {self.replace(',', '')}: write the one that you mean"


def parse_decimal(text: str) -> float | str:
    """Return a number as JSON writes it; the text, if it is none."""
    text = text.strip()
    return float(text) if _DECIMAL.fullmatch(text) else text


def parse_decimal_comma(text: str) -> float | str:
    """Return a number as JSON or a person writes it.

    Returns:
        the number; an AmbiguousNumber, if it has two readings; the text, if it is none.
    """
    number = parse_decimal(text)
    if isinstance(number, float):
        return number
    readings = {float(number.translate(table)) for pattern, table in _NOTATIONS if pattern.fullmatch(number)}
    if len(readings) > 1:
        return AmbiguousNumber(number)
    return readings.pop() if readings else number


def _notation(decimal: str, thousands: str) -> tuple[re.Pattern[str], dict[int, int | None]]:
    """Return what numbers with these separators look like, and what turns one into a number of Python."""
    point, between = re.escape(decimal), f"[{re.escape(thousands)}{_SPACES}]"
    grouped = rf"[1-9][0-9]{{0,2}}({between})[0-9]{{3}}(\2[0-9]{{3}})*({point}[0-9]*)?"
    pattern = re.compile(rf"[+-]?({grouped}|[0-9]+({point}[0-9]*)?|{point}[0-9]+)")
    return pattern, str.maketrans(decimal, ".", thousands + _SPACES)


_NOTATIONS = (_notation(".", ","), _notation(",", "."))
