"""The inputs of a spec: the codes of texts, missing values, dates, and which errors name the key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from train.errors import TrainError
from train.spec import InputSpec
from train.spec.csv_format import CsvFormat
from train.spec.inputs import MissingSpec, read_input
from train.spec.toml_reader import TomlTable

TEXTS = {"categories": ["north", "south"]}
CODES = {"categories": [1, 2, 5]}
LIMITS = {"limits": [0, 10]}


def read(**keys: Any) -> InputSpec:
    table = TomlTable(Path("spec.toml"), "inputs[1].", {"name": "a", "label": "A", **keys})
    item = read_input(table, CsvFormat(missing=("NA",)))
    table.reject_unread_keys()
    return item


def levels(item: InputSpec) -> dict[float, str]:
    return dict(zip(item.categories, item.levels, strict=True))


@pytest.mark.parametrize(
    ("keys", "codes", "other"),
    [
        (TEXTS, {1: "north", 2: "south"}, None),
        ({**TEXTS, "other": "elsewhere"}, {0: "elsewhere", 1: "north", 2: "south"}, 0),
        ({**TEXTS, "other": "south"}, {1: "north", 2: "south"}, 2),
        ({"categories": ["north"], "other": "elsewhere"}, {0: "elsewhere", 1: "north"}, 0),
        ({"categories": ["no", "yes"], "boolean": True}, {0: "no", 1: "yes"}, None),
        ({"categories": ["02134", "10"]}, {1: "02134", 2: "10"}, None),
    ],
)
def test_texts_have_codes_in_their_order(keys: dict[str, Any], codes: dict[float, str], other: float | None) -> None:
    item = read(**keys)
    assert levels(item) == codes
    assert item.other == other
    assert item.limits == (min(codes), max(codes))
    assert item.boolean == ("boolean" in keys)


def test_labels_stand_for_texts_and_the_other_level_is_its_own_label() -> None:
    labels = {"category_labels": ["North of the river", "South of it"]}
    assert read(**TEXTS, **labels).category_labels == ("North of the river", "South of it")
    assert read(**TEXTS, **labels, other="x").category_labels == ("x", "North of the river", "South of it")


@pytest.mark.parametrize(
    ("keys", "missing", "example"),
    [
        ({**LIMITS, "missing": "median", "indicator": True, "example": 3}, MissingSpec("median", True), 3),
        ({**LIMITS, "missing": "mode"}, MissingSpec("mode", False), None),
        ({**LIMITS, "missing": 4}, MissingSpec(4.0, False), None),
        ({**CODES, "missing": 5, "example": 2}, MissingSpec(5.0, False), 2),
        ({**TEXTS, "missing": "south", "example": "north"}, MissingSpec(2.0, False), 1),
        ({**TEXTS, "missing": "mode", "indicator": False}, MissingSpec("mode", False), None),
        ({**TEXTS, "other": "x", "missing": "x", "example": "x"}, MissingSpec(0.0, False), 0),
        ({"categories": ["median", "mode"], "missing": "median"}, MissingSpec(1.0, False), None),
    ],
)
def test_a_missing_value_and_an_example_are_read_as_the_input_has_them(
    keys: dict[str, Any], missing: MissingSpec, example: float | None
) -> None:
    item = read(**keys)
    assert item.missing == replace(missing, texts=("NA",))
    assert item.example == example


def test_a_date_gives_a_number_or_a_category_of_codes() -> None:
    item = read(column="sold", date="month", date_format="%d.%m.%Y", limits=[1, 12])
    assert (item.column, item.date, item.date_format) == ("sold", "month", "%d.%m.%Y")
    assert item.reads_dates
    item = read(column="month", date="month", date_format="%d.%m.%Y", date_column="sold", limits=[1, 12])
    assert (item.column, item.date_column, item.reads_dates) == ("month", "sold", False)
    assert read(date="weekday", date_format="%Y-%m-%d", categories=[0, 1, 2, 3, 4, 5, 6]).categories[-1] == 6


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"categories": ["a", 1]}, "categories: expected a list of strings"),
        ({"categories": ["a"]}, "categories: expected at least two texts, or one and other, not ['a']"),
        ({"categories": []}, "categories: expected a list of integers"),
        ({"categories": ["a", "a"]}, "categories: expected different strings"),
        ({"categories": ["a", " b"]}, "categories: expected texts with no space around them, not ' b'"),
        ({"categories": ["a", ""]}, "categories: expected texts with no space around them, not ''"),
        ({"categories": ["a", "NA"]}, "categories: a cell with 'NA' has no value, as data.missing says"),
        ({"categories": ["NA", "a"], "other": "a"}, "categories: a cell with 'NA' has no value, as data.missing says"),
        ({**TEXTS, "other": "NA"}, "other: a cell with 'NA' has no value, as data.missing says"),
        ({**TEXTS, "other": "x "}, "other: expected texts with no space around them, not 'x '"),
        ({**TEXTS, "other": 3}, "other: expected a string"),
        ({**TEXTS, "limits": [1, 2]}, "limits: unknown key"),
        ({**TEXTS, "category_labels": ["one"]}, "category_labels: expected one for each of the 2 categories, not 1"),
        ({**TEXTS, "example": "west"}, "example: 'west' is not one of the categories"),
        ({**TEXTS, "example": 1}, "example: expected a string"),
        ({**TEXTS, "min_rows": 5}, "min_rows: levels with fewer rows are merged into other; add other"),
        ({**TEXTS, "other": "x", "min_rows": 0}, "min_rows: expected an integer from 1"),
        ({**CODES, "other": "x"}, "other: unknown key"),
        ({**CODES, "min_rows": 3}, "min_rows: levels with fewer rows"),
        ({**LIMITS, "boolean": True}, "boolean: a boolean has two texts; add categories"),
        ({**CODES, "boolean": True}, "boolean: a boolean has two texts; add categories"),
        ({"categories": ["a", "b", "c"], "boolean": True}, "categories: a boolean has two texts, first what is false"),
        (
            {"categories": ["ja", "nein"], "boolean": True},
            'categories: a boolean has first the text that means false; write ["nein", "ja"]',
        ),
        ({**TEXTS, "boolean": True, "other": "x"}, "other: a boolean has no other value"),
        ({**TEXTS, "boolean": 1}, "boolean: expected true or false, not 1"),
        ({**LIMITS, "indicator": True}, "indicator: it tells whether the value is missing; add missing"),
        ({**LIMITS, "missing": "median", "indicator": 1}, "indicator: expected true or false"),
        ({**LIMITS, "missing": "mean"}, "missing: expected 'median', 'mode' or a value of the input, not 'mean'"),
        ({**LIMITS, "missing": True}, "missing: expected a number from 0 to 10"),
        ({**LIMITS, "missing": 11}, "missing: expected a number from 0 to 10"),
        ({**CODES, "missing": "median"}, "missing: a category has no median"),
        ({**CODES, "missing": 3}, "missing: 3 is not one of the categories"),
        ({**TEXTS, "missing": "median"}, "missing: a category has no median"),
        ({**TEXTS, "missing": "west"}, "missing: 'west' is not one of the categories"),
        ({"limits": [-3e38, 3e38], "missing": 0}, "missing: the limits leave no number to stand for a missing value"),
        ({**LIMITS, "date": "hour", "date_format": "%Y"}, "date: expected one of 'year', 'month', 'day', 'weekday'"),
        ({**LIMITS, "date": "year"}, "date_format: this key is missing"),
        ({**LIMITS, "date_format": "%Y"}, "date_format: unknown key"),
        ({**LIMITS, "date_column": "sold"}, "date_column: unknown key"),
        ({**LIMITS, "date": "year", "date_format": "%Q"}, "date_format: expected a format of Python's strptime"),
        ({**TEXTS, "date": "year", "date_format": "%Y"}, "date: a part of a date is a number"),
    ],
)
def test_an_error_names_the_key(keys: dict[str, Any], named: str) -> None:
    with pytest.raises(TrainError) as error:
        read(**keys)
    assert f"spec.toml: inputs[1].{named}" in str(error.value)
