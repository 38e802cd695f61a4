"""The encoding: the numbers that stand for texts, dates and missing values, and what clients may send."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from registry import Missing
from registry.float32 import FLOAT32_MAX
from train.dataset.input_values import Encoding, encode, missing_value, read_values
from train.spec import InputSpec
from train.spec.csv_format import CsvFormat
from train.spec.inputs import read_input
from train.spec.toml_reader import TomlTable

NO = math.nan


def spec_of(**keys: Any) -> InputSpec:
    return read_input(TomlTable(Path("spec.toml"), "", {"name": "a", "label": "A", **keys}), CsvFormat())


def texts(*cells: str | None) -> pd.Series[Any]:
    return pd.Series(pd.Categorical(cells))


def values_of(item: InputSpec, column: pd.Series[Any]) -> list[float]:
    values, wrong = read_values(item, column)
    assert wrong == []
    return values.tolist()


def encoded(item: InputSpec, column: pd.Series[Any] | list[float], training: int | None = None) -> Encoding:
    """Encode a column, of which the first rows are for training."""
    values, _ = read_values(item, column if isinstance(column, pd.Series) else pd.Series(column, dtype=float))
    encoding = encode(item, values, np.arange(len(values) if training is None else training))
    encoding.described.check()
    return encoding


def test_texts_become_codes() -> None:
    item = spec_of(categories=["north", "south"])
    np.testing.assert_array_equal(values_of(item, texts("south", "north", None)), [2, 1, NO])
    assert read_values(item, texts("south", "west", "North"))[1] == ["North", "west"]
    assert values_of(spec_of(categories=["north"], other="rest"), texts("x", "north", "rest")) == [0, 1, 0]


def test_booleans_are_the_texts_that_clients_may_send() -> None:
    item = spec_of(categories=["without", "with"], boolean=True)
    cells = ("with", "True", "yes", "1", "without", "FALSE", "No", "0")
    assert values_of(item, texts(*cells)) == [1, 1, 1, 1, 0, 0, 0, 0]
    assert encoded(item, texts(*cells)).described.boolean


@pytest.mark.parametrize(
    ("part", "value"), [("year", 2024), ("month", 2), ("day", 29), ("weekday", 3), ("days", 19782)]
)
def test_a_date_has_parts(part: str, value: float) -> None:
    item = spec_of(limits=[-1e6, 1e6], date=part, date_format="%d.%m.%Y %H:%M", missing=0)
    np.testing.assert_array_equal(values_of(item, texts("29.02.2024 23:59", None)), [value, NO])
    assert read_values(item, texts("30.02.2024 23:59", "29.02.2024"))[1] == ["29.02.2024", "30.02.2024 23:59"]


def test_days_are_counted_from_1970() -> None:
    item = spec_of(limits=[-1e6, 1e6], date="days", date_format="%Y-%m-%d")
    assert values_of(item, texts("1969-12-31", "1970-01-01", "1970-01-02")) == [-1, 0, 1]


def test_a_typical_date_is_a_whole_number() -> None:
    item = spec_of(limits=[1, 12], date="month", date_format="%m", missing="median")
    encoding = encoded(item, texts("1", "2"))
    assert (encoding.described.example, encoding.described.missing) == (1, Missing(-10, 1))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 10), (0.1, 0.3), (-5, 1e30), (1e8 + 1, 1e8 + 2), (-1e38, 1e38), (16777217.4, 16777217.5), (-1e-40, 1e-40)],
)
def test_a_missing_number_is_a_float32_that_no_accepted_value_is_rounded_to(low: float, high: float) -> None:
    value = missing_value(spec_of(limits=[low, high], missing=low))
    assert np.float32(value) == value
    assert value < min(low, float(np.float32(low)))
    assert value >= -FLOAT32_MAX


def test_the_step_below_the_limits_is_as_wide_as_they_are() -> None:
    assert missing_value(spec_of(limits=[1, 15], missing=1)) == -13


@pytest.mark.parametrize(
    ("categories", "value"), [([0, 1, 5], 6), (["a", "b"], 3), ([0, 2**24], 2**24 + 2), ([-(2**24), 2**24], 2**24 + 2)]
)
def test_a_missing_category_is_a_code_behind_the_last(categories: list[Any], value: float) -> None:
    assert missing_value(spec_of(categories=categories, missing=categories[0])) == value


@pytest.mark.parametrize(("fill", "value"), [("median", 3.5), ("mode", 1), (9, 9)])
def test_the_training_rows_say_what_is_filled_in(fill: Any, value: float) -> None:
    item = spec_of(limits=[0, 10], missing=fill, indicator=True)
    encoding = encoded(item, [1, 1, 6, 8, NO, NO, 10, 10, 10], training=5)
    assert encoding.described.missing == Missing(-10, value, indicator=True)
    assert encoding.described.training == (1, 8)
    assert encoding.described.example == 3.5
    np.testing.assert_array_equal(encoding.values, [1, 1, 6, 8, -10, -10, 10, 10, 10])


def test_an_indicator_that_no_training_row_shows_is_left_out() -> None:
    item = spec_of(limits=[0, 10], missing="median", indicator=True)
    assert encoded(item, [1, 2, NO], training=2).described.missing == Missing(-10, 1.5, indicator=False)
    assert encoded(item, [1, 2, 3]).described.missing == Missing(-10, 2, indicator=False)


def test_levels_with_few_training_rows_become_other_and_the_codes_of_the_rest_stay() -> None:
    item = spec_of(
        categories=["a", "b", "c", "d"],
        category_labels=["A", "B", "C", "D"],
        other="rest",
        min_rows=2,
        missing="c",
        example="d",
    )
    encoding = encoded(item, texts("a", "a", "b", "b", "c", "x", "d", "d", None), training=6)
    described = encoding.described
    assert dict(zip(described.categories, described.levels, strict=True)) == {0: "rest", 1: "a", 2: "b"}
    assert described.category_labels == ("rest", "A", "B")
    assert (described.other, described.limits, described.training, described.example) == (0, (0, 2), (0, 2), 0)
    assert described.missing == Missing(5, 0)  # behind the codes of all levels, also of those that were merged
    assert encoding.merged == ("c", "d")
    assert encoding.values.tolist() == [1, 1, 2, 2, 0, 0, 0, 0, 5]


def test_the_words_of_the_file_for_no_value_are_those_of_clients_where_a_value_may_be_missing() -> None:
    table = TomlTable(Path("spec.toml"), "", {"name": "a", "label": "A", "limits": [0, 9], "missing": 3})
    form = CsvFormat(decimal=",", missing=("NA", "-99,9"))
    described = encoded(read_input(table, form), [1, 2, NO]).described
    assert described.missing == Missing(-9, 3, texts=("NA", "-99,9", "-99.9"))
    assert described.no_value == {"", "NA", "-99,9", "-99.9", -99.9}


def test_a_level_that_others_are_merged_into_needs_no_rows() -> None:
    item = spec_of(categories=["a", "b", "c"], other="c")
    described = encoded(item, texts("a", "a", "b")).described
    assert (described.levels, described.other) == (("a", "b", "c"), 3)


def test_without_another_level_none_is_merged() -> None:
    encoding = encoded(spec_of(categories=["a", "b"]), texts("a", "a", "b"), training=2)
    assert encoding.described.levels == ("a", "b")
    assert encoding.merged == ()


def test_the_most_frequent_category_is_typical() -> None:
    described = encoded(spec_of(categories=["a", "b"], missing="mode"), texts("b", "b", "a", None)).described
    assert (described.example, described.missing) == (2, Missing(3, 2))
