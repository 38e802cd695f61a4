"""The ways in which files write numbers: which form a cell has, and which decimal mark a file uses.

A number that can be read in two ways is never read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

INTEGER, CODE, POINT, COMMA, EXPONENT = "integer", "code", "point", "comma", "exponent"
POINT_3, COMMA_3, GROUPED, MARKED = "point3", "comma3", "grouped", "marked"
_DIGITS_3 = r"[+-]?[1-9][0-9]{0,2}"
_SPACES = " \u00a0\u2009\u202f"
_FORMS = {  # without groups, the first that fits
    INTEGER: r"[+-]?(?:0|[1-9][0-9]*)",
    CODE: r"[+-]?0[0-9]+",  # such as 01234: the zeros in front mean something
    POINT_3: _DIGITS_3 + r"\.[0-9]{3}",  # 1.234, or 1234
    COMMA_3: _DIGITS_3 + r",[0-9]{3}",
    POINT: r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    COMMA: r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?",
    EXPONENT: r"[+-]?[0-9]+[eE][+-]?[0-9]+",
    GROUPED: rf"{_DIGITS_3}(?:,[0-9]{{2,3}})+(?:\.[0-9]*)?|{_DIGITS_3}(?:\.[0-9]{{3}})+(?:,[0-9]*)?|"
    rf"{_DIGITS_3}(?:['’_{_SPACES}][0-9]{{3}})+(?:[.,][0-9]*)?",
}
_FORM = re.compile("|".join(f"(?P<{form}>{pattern})" for form, pattern in _FORMS.items()))
_SIGN = r"[$€£¥₹₽¢%‰+\-\u2212(]|USD|EUR|GBP|CHF|Rs\.?"
_MARKED = re.compile(
    rf"(?=.*([$€£¥₹₽¢%‰\u2212(]|USD|EUR|GBP|CHF|Rs))({_SIGN}|[{_SPACES}])*[0-9]([0-9.,'’_{_SPACES}]*[0-9])?[.,]?([{_SPACES}]|[)€$£¥₹%‰]|USD|EUR|GBP|CHF|Rs\.?)*"
)
_WITH_UNIT = re.compile(r"[+-]?[0-9][0-9.,]*\s*(?P<unit>[^\W\d_][^\d\s]{0,11})")
REASONS = {
    GROUPED: "its numbers have marks between thousands, such as {example!r}: write them without{instead}",
    MARKED: "its numbers have signs around them, such as {example!r}: write the number alone{instead}",
    POINT: "its numbers have points, such as {example!r}, and the decimals of this file have commas",
    COMMA: "its numbers have commas, such as {example!r}, and the decimals of this file have points",
    POINT_3: "{example!r} may be a decimal or thousands: write it without the point, or with another decimal",
    COMMA_3: "{example!r} may be a decimal or thousands: write it without the comma, or with another decimal",
}


def number_form(text: str) -> str:
    """Return the form of a number, empty if the text is none."""
    if not text or (text[0].isalpha() and text[:1] not in "UEGCR"):
        return ""
    if found := _FORM.fullmatch(text):
        return found.lastgroup or ""
    return MARKED if _MARKED.fullmatch(text) else ""


def forms_of(cells: Iterable[str]) -> dict[str, str]:
    """Return the forms among the cells, each with the first cell that has it; empty for what is no number."""
    found: dict[str, str] = {}
    for cell in cells:
        found.setdefault(number_form(cell), cell)
    return found


def only_three_decimals(forms: Mapping[str, str]) -> str:
    """Return the first cell if all numbers of a column are such as 1.234, which may be 1234; else nothing."""
    return next(iter(forms.values())) if len(forms) == 1 and forms.keys() <= {POINT_3, COMMA_3} else ""


def unit_of(cells: Iterable[str]) -> str:
    """Return the word that stands behind the number in every cell, as in "8 km"; empty if there is none."""
    found = [_WITH_UNIT.fullmatch(cell) for cell in cells]
    units = {match["unit"] for match in found if match}
    return units.pop() if len(units) == 1 and all(found) else ""


def find_decimal(columns: Iterable[Mapping[str, str]], separator: str) -> str:
    """Return the decimal mark of a file; empty if nothing tells.

    Args:
        columns: the forms of each column of numbers, as :func:`forms_of` returns them.
    """
    votes: Counter[str] = Counter()
    for forms in columns:
        votes["."] += POINT in forms and COMMA not in forms
        votes[","] += COMMA in forms and POINT not in forms
    if votes["."] == votes[","]:
        return "." if separator == "," else ""
    return "." if votes["."] > votes[","] else ","


def _instead(cell: str, decimal: str) -> str:
    """Return how to write a number without signs and marks between thousands; empty if it may be two, or is none."""
    digits = re.sub(r"[^0-9.,]", "", cell).strip(".,")
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", digits):
        return ""
    *others, last = groups = re.split(r"[.,]", digits)
    marks = re.findall(r"[.,]", digits)
    is_decimal = bool(marks) and marks.count(marks[-1]) == 1
    if any(len(group) != 3 for group in groups[1 : -1 if is_decimal else None]):
        return ""
    number = "".join(others) + ((decimal or ".") if is_decimal else "") + last
    sign = "-" if re.search(r"[-(\u2212]", cell) else ""
    return f", here {sign}{number}"


def unreadable(forms: Mapping[str, str], decimal: str) -> str:
    """Return why numbers of these forms can't be read in one way; empty if they can.

    Args:
        decimal: the mark of the file; empty if nothing tells.
    """
    ours, ours_3 = (COMMA, COMMA_3) if decimal == "," else (POINT, POINT_3)
    other, other_3 = (POINT, POINT_3) if decimal == "," else (COMMA, COMMA_3)
    for form in (MARKED, GROUPED, other, other_3):
        if form in forms:
            return REASONS[form].format(example=forms[form], instead=_instead(forms[form], decimal))
    # All of three decimals or none at all: 950, 1.250. Where decimals are written so, nothing else is known.
    doubtful = ours_3 in forms and ours not in forms
    if doubtful and (not decimal or INTEGER in forms):
        return REASONS[ours_3].format(example=forms[ours_3])
    return ""
