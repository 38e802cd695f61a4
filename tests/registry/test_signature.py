"""The values behind signature.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from operator import methodcaller
from typing import Any

import pytest

from journal import prediction_columns
from registry import Signature, SignatureError
from registry.signature import RESERVED
from tests.conftest import HOUSES, HOUSES_INTERVAL
from tests.dated import OPEN_SALES, SALES

ROOMS = HOUSES.inputs[0]


def test_a_signature_reads_back_as_it_was_written() -> None:
    rooms = replace(ROOMS, categories=(1.0, 2.0), category_labels=("one", "two"))
    signature = replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:]))
    assert Signature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "prediction"}, "input prediction: this is a column of the prediction log"),
        ({"name": "a b"}, "input 'a b': a name is a letter"),
        ({"aliases": ("tax",)}, "input tax: the name 'tax' is taken by rm"),
        ({"limits": (5, 1)}, "input rm: limits: expected two finite float32, the smaller first, not 5 and 1"),
        ({"limits": (0, float("inf"))}, "input rm: limits"),
        ({"limits": (0, 1e39)}, "input rm: limits"),
        ({"training": (float("nan"), 1)}, "input rm: training"),
        ({"categories": (2, 1)}, "input rm: categories must be different codes in ascending order"),
        ({"categories": (1, 2), "category_labels": ("one",)}, "input rm: 2 categories need as many labels"),
    ],
)
def test_an_input_that_cannot_be_served_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignatureError, match="^" + message):
        replace(HOUSES, inputs=(replace(ROOMS, **changes), *HOUSES.inputs[1:]))


def test_the_reserved_names_are_the_columns_of_the_prediction_log() -> None:
    assert set(prediction_columns([])) == RESERVED


def test_a_signature_has_the_intervals_of_its_levels_only() -> None:
    signature = replace(HOUSES, interval=HOUSES_INTERVAL)
    assert signature.interval_at(0.9) is HOUSES_INTERVAL
    assert signature.interval_at(0.42) is None
    assert HOUSES.interval_at(0.9) is None


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "x" * 65])
def test_a_model_name_that_is_no_folder_and_no_url_is_refused(name: str) -> None:
    with pytest.raises(SignatureError, match="^model: "):
        replace(HOUSES, model=name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data.update(format=2), "expected an object of format 1"),
        (lambda data: data.update(inputs=[]), "inputs: a model needs at least one"),
        (lambda data: data["inputs"][0].update(limits=[1]), "not enough values"),
        (lambda data: data["inputs"][0].update(limits="x"), "not enough values"),
        (lambda data: data.update(output=None), "not subscriptable"),
        *((methodcaller("pop", key), f"the key '{key}' is missing") for key in ("model", "title", "inputs", "output")),
    ],
)
def test_a_damaged_signature_is_refused(damage: Callable[[dict[str, Any]], object], message: str) -> None:
    data = HOUSES.to_json()
    damage(data)
    with pytest.raises(SignatureError, match=message):
        Signature.from_json(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column": "rooms"}, "input sold_year: date: the column 'rooms' is a name of rooms"),
        ({"column": "sold_days"}, "input sold_year: date: the column 'sold_days' is a name of sold_days"),
        ({"column": "a\nb"}, "date: the column 'a\\\\nb' must be at most 200 printable characters"),
        ({"format": "%Y"}, "input sold_days: date: 'Sold on' has the formats %Y and %d.%m.%Y"),
        ({"part": "hour"}, "date: expected one of year, month"),
    ],
)
def test_a_column_of_dates_has_a_name_of_its_own_and_one_format(changes: dict[str, str], message: str) -> None:
    rooms, year, days = SALES.inputs
    assert year.date is not None
    with pytest.raises(SignatureError, match=message):
        replace(SALES, inputs=(rooms, replace(year, date=replace(year.date, **changes)), days))


def test_a_signature_with_dates_reads_back_and_one_without_is_as_it_was() -> None:
    assert Signature.from_json(json.loads(json.dumps(OPEN_SALES.to_json()))) == OPEN_SALES
    assert SALES.to_json()["inputs"][1]["date"] == {"column": "Sold on", "format": "%d.%m.%Y", "part": "year"}
    assert all("date" not in item for item in HOUSES.to_json()["inputs"])


def test_a_row_by_name_has_a_date_in_place_of_its_parts() -> None:
    assert SALES.example_by_name == {"rooms": 4, "Sold on": "19.06.2012"}
    assert SALES.places == ("rooms", "sold_year", "sold_days", "Sold on")
    assert HOUSES.example_by_name == {"rm": 6, "tax": 250, "age": 66.5}
