"""Numbers as files write them: each form is told, and none is read that may be another one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from train.init import numbers
from train.init.numbers import find_decimal, forms_of, number_form, only_three_decimals, unreadable


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        *((cell, numbers.INTEGER) for cell in ("0", "7", "-12", "+3", "123456789")),
        *((cell, numbers.CODE) for cell in ("007", "-01", "00")),
        *((cell, numbers.POINT) for cell in ("1.5", ".5", "5.", "-0.125", "1.5e-3", "0.123", "1234.567")),
        *((cell, numbers.COMMA) for cell in ("1,5", ",5", "-0,125", "1,5E3")),
        *((cell, numbers.POINT_3) for cell in ("1.234", "-12.500", "999.999")),
        *((cell, numbers.COMMA_3) for cell in ("1,234", "12,500")),
        ("1e5", numbers.EXPONENT),
        *((cell, numbers.GROUPED) for cell in ("1,234,567", "1.234.567", "1,234.50", "1.234,50", "1 234", "1'234.5")),
        *((cell, numbers.GROUPED) for cell in ("1\u202f234", "12\u00a0345,6", "1,23,456.7", "1_000")),
        *(
            (cell, numbers.MARKED)
            for cell in ("$5", "$1,234.50", "12.5%", "12 %", "€ 5", "5 €", "-$3", "(3.5)", "USD 7")
        ),
        *(
            (cell, "")
            for cell in ("", "x", "1x", "5 rooms", "1-2", "12:30", "01.02.2024", "2024-01-01", "1.2.3", "inf")
        ),
        *((cell, "") for cell in ("nan", "\u0661\u0662", "1e", "--5", "1,2,3", "0x1F")),
    ],
)
def test_a_cell_has_the_form_of_its_number(cell: str, form: str) -> None:
    assert number_form(cell) == form


@pytest.mark.parametrize(
    ("columns", "separator", "decimal"),
    [
        ([["1.5", "2"]], ";", "."),
        ([["1,5", "2"]], ";", ","),
        ([["1,5"], ["2,5"], ["2.5"]], ";", ","),
        ([["1,5"]], ",", ","),
        ([["1"]], ";", ""),
        ([["1.234"]], ";", ""),
        ([["1.234"]], ",", "."),
        ([["1,5"], ["1.5"]], ";", ""),
    ],
)
def test_the_decimal_mark_is_that_of_numbers_that_can_be_read_in_one_way(
    columns: Sequence[Sequence[str]], separator: str, decimal: str
) -> None:
    assert find_decimal(map(forms_of, columns), separator) == decimal


@pytest.mark.parametrize(
    ("cells", "decimal", "reason"),
    [
        (["1.5", "2", "1.234"], ".", ""),
        (["1.234", "5.678"], ".", ""),
        (["1.234", "950"], ".", "'1.234' may be a decimal or thousands"),
        (["1.234", "5.678"], "", "'1.234' may be a decimal or thousands"),
        (["1,234", "5"], ".", "'1,234' may be a decimal or thousands"),
        (["1.234", "5"], ",", "'1.234' may be a decimal or thousands"),
        (["1,5", "1.234"], ",", "'1.234' may be a decimal or thousands"),
        (["1,5", "1,234"], ",", ""),
        (["1,5"], ".", "the decimals of this file have points"),
        (["1.5"], ",", "the decimals of this file have commas"),
        (["5", "1,234,567"], ".", "marks between thousands, such as '1,234,567'"),
        (["5", "$6"], ".", "signs around them, such as '$6'"),
        (["1e5", "2"], ",", ""),
    ],
)
def test_a_column_of_doubtful_numbers_is_not_read(cells: Sequence[str], decimal: str, reason: str) -> None:
    found = unreadable(forms_of(cells), decimal)
    assert reason in found
    assert bool(found) == bool(reason)


def test_a_column_of_three_decimals_only_may_be_thousands() -> None:
    assert only_three_decimals(forms_of(["1.234", "5.678"])) == "1.234"
    assert only_three_decimals(forms_of(["1.234", "0.5"])) == ""
    assert only_three_decimals(forms_of(["1.234", "950"])) == ""
