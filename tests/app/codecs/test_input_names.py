"""Names of inputs, as requests have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.codecs.input_names import ABSENT, InputNames
from app.errors import InvalidInput
from registry import Signature
from tests.conftest import FLATS, HOUSES
from tests.dated import OPEN_SALES, SALES

TWICE = "the column appears twice: send Sold on once, or its parts"


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


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["Sold on", "rooms"], [1, 0, 0]),
        (["sold_days", "sold_year", "rooms"], [2, 1, 0]),
        (["rooms", "Sold on", "sold_year"], None),
        (["rooms", "Sold on", "Sold on"], None),
        (["rooms", "sold_year"], None),
        (["rooms"], None),
    ],
)
def test_a_column_of_dates_is_the_place_of_all_its_parts(names: list[str], order: list[int] | None) -> None:
    assert InputNames(SALES).find_order(names, allow_extra=False) == order


@pytest.mark.parametrize("signature", [SALES, OPEN_SALES])
def test_a_column_of_dates_beside_all_its_parts_is_one_of_the_other_columns(signature: Signature) -> None:
    header = ["rooms", "Sold on", "sold_days", "sold_year"]
    names = InputNames(signature)
    assert names.find_order(header, allow_extra=True) == names.map_columns(header, ",") == [0, 3, 2]
    assert (names.find_order(header, allow_extra=False), names.find_dates(header)) == (None, [])
    rooms, year, days = signature.inputs
    of_one_part = InputNames(replace(signature, inputs=(rooms, year, replace(days, date=None))))
    assert of_one_part.find_order(header, allow_extra=True) == [0, 3, 2]


def test_a_date_that_may_be_missing_may_be_absent_with_all_its_parts_or_some() -> None:
    names = InputNames(OPEN_SALES)
    assert names.find_order(["rooms"], allow_extra=False) == [0, ABSENT, ABSENT]
    assert names.find_order(["rooms", "sold_days"], allow_extra=False) == [0, ABSENT, 1]


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        (["rooms"], ["Sold on: the column is missing"]),
        (["rooms", "sold_days"], ["sold_year: the column is missing"]),
        (["x"], ["rooms: the column is missing", "Sold on: the column is missing"]),
        (["rooms", "sold_days", "Sold on"], [f"Sold on: {TWICE}"]),
        (["rooms", "Sold on", "sold_days"], [f"sold_days: {TWICE}"]),
        (["rooms", "Sold on", "Sold on"], [f"Sold on: {TWICE}"]),
        (["sold_days", "sold_year", "Sold on"], ["rooms: the column is missing"]),
    ],
)
def test_a_date_without_any_part_and_one_that_is_there_twice_are_named_once(
    names: list[str], messages: list[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        InputNames(SALES).map_columns(names, ",")
    assert list(map(str, caught.value.errors)) == messages
