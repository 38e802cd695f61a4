"""Names of inputs, as requests have them."""

from __future__ import annotations

import pytest

from app.codecs.input_names import ABSENT, InputNames
from app.errors import InvalidInput
from tests.conftest import FLATS, HOUSES


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["age", "rooms", "tax"], [1, 2, 0]),
        (["rm", "tax"], None),
        (["rm", "rooms", "tax", "age"], None),
        (["rm", "tax", "age", "id"], None),
    ],
)
def test_an_order_is_found_only_if_each_input_is_there_once_and_nothing_else(
    names: list[str], order: list[int] | None
) -> None:
    assert InputNames(HOUSES).find_order(names, allow_extra=False) == order


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["district"], [ABSENT, 0, ABSENT]),
        (["balcony", "id", "district"], [ABSENT, 2, 0]),
        (["balcony"], None),
        (["id"], None),
    ],
)
def test_inputs_that_may_be_missing_may_be_absent_but_not_every_name_may_be_new(
    names: list[str], order: list[int] | None
) -> None:
    assert InputNames(FLATS).find_order(names, allow_extra=True) == order


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["rm", "age"], "tax: the column is missing; the columns, parted by ';', are rm, age"),
        (["rm", "tax", "age", "rooms"], "rm: the column appears twice"),
        (["rm", "\udce4"], "they are not UTF-8: save the file as UTF-8"),
    ],
)
def test_columns_that_do_not_fit_are_named(names: list[str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        InputNames(HOUSES).map_columns(names, ";")
