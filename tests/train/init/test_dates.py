"""Dates: a format that all cells have, and no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from registry import parse_date
from train.init.dates import date_format, is_ambiguous


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2024-01-31", "1999-12-01"], "%Y-%m-%d"),
        (["2024/1/31"], "%Y/%m/%d"),
        (["31.01.2024", "01.02.2024"], "%d.%m.%Y"),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["01/31/2024", "01/02/2024"], "%m/%d/%Y"),
        (["31-Jan-24"], "%d-%b-%y"),
        (["2024-01-31 10:30"], "%Y-%m-%d %H:%M"),
        (["2024-01-31T10:30:05"], "%Y-%m-%dT%H:%M:%S"),
        (["2024-01-31T10:30:05.25"], "%Y-%m-%dT%H:%M:%S.%f"),
        (["January 31, 2024"], "%B %d, %Y"),
        (["May 5, 2024", "June 30, 2024"], "%B %d, %Y"),
        (["Jun 30, 2024", "May 5, 2024"], "%b %d, %Y"),
        (["May 5, 2024", "May 6, 2024"], "%B %d, %Y"),
        (["2024-01"], "%Y-%m"),
        (["01/02/2024", "03/04/2024"], ""),
        (["2024-01-31", "31.01.2024"], ""),
        (["2024-13-01"], ""),
        (["2024-01-31", "soon"], ""),
        (["20240131"], ""),
        ([], ""),
    ],
)
def test_all_cells_have_one_format_or_none(cells: Sequence[str], form: str) -> None:
    assert date_format(cells) == form
    assert all(parse_date(cell, form) for cell in cells if form)


def test_day_and_month_that_may_be_either_way_round_are_told() -> None:
    assert is_ambiguous(["01/02/2024", "03/04/2024"])
    assert not is_ambiguous(["01/02/2024", "13/04/2024"])
    assert not is_ambiguous(["x"])
