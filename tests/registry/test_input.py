"""An input: what its values are called in files, in JSON and by people, and which descriptions make no sense."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import Input, Missing, SignatureError
from tests.conftest import FLATS, HOUSES
from tests.dated import SALES

ROOMS, DISTRICT, BALCONY = FLATS.inputs
RM = HOUSES.inputs[0]
ZONE = Input("zone", "Zone", "", (), (1, 3), (1, 3), 2, categories=(1, 2, 3), category_labels=("low", "mid", "high"))
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def every_value(item: Input) -> list[float]:
    """The codes of a category, or some numbers, and what stands for a missing value."""
    values = list(item.categories) or [item.example, *item.limits, *item.training]
    return [*values, *([item.missing.value] if item.missing else [])]


@pytest.mark.parametrize("item", [RM, ZONE, ROOMS, DISTRICT, BALCONY], ids=lambda item: item.name)
def test_every_value_is_read_back_from_its_cell(item: Input) -> None:
    for value in every_value(item):
        assert item.parse(item.format(value)) == value
        assert item.parse(item.format(np.float32(value))) == value


@given(FLOAT32)
def test_every_float32_is_read_back_from_its_cell(value: float) -> None:
    assert np.float32(RM.parse(RM.format(value))) == np.float32(value)


@pytest.mark.parametrize(
    ("item", "value", "cell", "json_value"),
    [
        (RM, 6.5, "6.5", 6.5),
        (RM, 6, "6", 6.0),
        (ZONE, 2, "2", 2.0),
        (ROOMS, -13, "", None),
        (DISTRICT, 1, "Nordend, West", "Nordend, West"),
        (DISTRICT, 0, "elsewhere", "elsewhere"),
        (BALCONY, 1, "with", "with"),
        (BALCONY, 2, "", None),
    ],
)
def test_a_value_is_written_as_a_client_would(item: Input, value: float, cell: str, json_value: object) -> None:
    assert item.format(value) == cell
    assert item.to_json_value(np.float32(value)) == json_value
    assert json.loads(json.dumps(item.to_json_value(value))) == json_value


def test_a_text_that_is_no_level_counts_as_other_or_is_none() -> None:
    assert DISTRICT.parse("Bockenheim") == DISTRICT.parse("höchst") == 0
    with pytest.raises(ValueError, match="'Bockenheim' is no level of district"):
        replace(DISTRICT, other=None).parse("Bockenheim")


@pytest.mark.parametrize("item", [RM, DISTRICT, replace(DISTRICT, other=None)], ids=["number", "other", "strict"])
def test_an_empty_cell_is_no_value_of_an_input_that_is_needed(item: Input) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*is no level)"):
        item.parse("")


def test_a_number_is_no_text() -> None:
    with pytest.raises(ValueError, match="many"):
        ROOMS.parse("many")


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (("without", "false", "False", "FALSE", "no", "No", "NO", "0"), 0),
        (("with", "true", "True", "TRUE", "yes", "Yes", "YES", "1"), 1),
    ],
)
def test_a_boolean_is_also_said_in_other_words(texts: tuple[str, ...], code: float) -> None:
    assert {BALCONY.codes[text] for text in texts} == {code}
    assert "Without" not in BALCONY.codes
    assert "true" not in DISTRICT.codes


def test_the_levels_of_a_boolean_mean_what_they_say_even_if_they_are_the_other_way_round() -> None:
    odd = replace(BALCONY, levels=("1", "0"))
    assert (odd.parse("1"), odd.parse("0"), odd.parse("true"), odd.parse("no")) == (0, 1, 1, 0)


def test_a_level_means_the_same_in_capitals_where_a_boolean_has_such_words() -> None:
    odd = replace(BALCONY, levels=("yes", "no"))
    assert [odd.parse(text) for text in ("yes", "Yes", "YES", "no", "No", "NO")] == [0, 0, 0, 1, 1, 1]
    assert [odd.parse(text) for text in ("false", "0", "true", "1")] == [0, 0, 1, 1]


def words(item: Input, *texts: str) -> Input:
    assert item.missing
    return replace(item, missing=replace(item.missing, texts=texts))


def test_some_words_mean_that_there_is_no_value() -> None:
    rooms, balcony = words(ROOMS, "NA", "-999"), words(BALCONY, "?", "-1")
    assert rooms.no_value == {"", "NA", "-999", -999}
    assert words(ROOMS, "1_000").no_value == {"", "1_000"}
    assert [rooms.parse(text) for text in ("", "NA", "-999", "4")] == [-13, -13, -13, 4]
    assert [balcony.parse(text) for text in ("", "?", "-1", "with")] == [2, 2, 2, 1]
    assert DISTRICT.no_value == frozenset()
    for item in (rooms, balcony):
        item.check()
        assert Input.from_json(json.loads(json.dumps(item.to_json()))) == item
    assert list(rooms.to_json()["missing"]) == ["value", "fill", "indicator", "fills_in_model", "texts"]
    assert "texts" not in ROOMS.to_json()["missing"]  # as in signatures that were written before


def test_a_word_for_no_value_wins_over_what_booleans_are_called_elsewhere() -> None:
    balcony = words(BALCONY, "0", "No")
    balcony.check()
    assert [balcony.parse(text) for text in ("0", "No", "no", "1", "without")] == [2, 2, 0, 1, 0]


def test_people_read_labels_or_else_what_is_sent() -> None:
    assert ZONE.words == {1: "low", 2: "mid", 3: "high"}
    assert replace(ZONE, category_labels=()).words == {1: "1", 2: "2", 3: "3"}
    assert BALCONY.words == {0: "without", 1: "with"}
    assert replace(BALCONY, category_labels=("none", "one")).words == {0: "none", 1: "one"}


def test_an_input_is_a_number_a_category_or_a_boolean() -> None:
    assert [item.kind for item in (RM, ROOMS, ZONE, DISTRICT, BALCONY)] == [
        "number",
        "number",
        "category",
        "category",
        "boolean",
    ]


@pytest.mark.parametrize("item", [RM, ZONE, ROOMS, DISTRICT, BALCONY], ids=lambda item: item.name)
def test_signature_json_describes_an_input_wholly(item: Input) -> None:
    assert Input.from_json(json.loads(json.dumps(item.to_json()))) == item


def test_what_an_input_does_not_have_is_not_in_signature_json() -> None:
    assert list(RM.to_json()) == ["name", "label", "unit", "aliases", "kind", "limits", "training", "example"]
    assert list(ZONE.to_json())[-2:] == ["categories", "category_labels"]
    assert list(DISTRICT.to_json())[-2:] == ["levels", "other"]
    assert list(ROOMS.to_json())[-1] == "missing"


def test_the_value_of_a_part_is_sent_by_its_names_or_in_the_date() -> None:
    year = replace(SALES.inputs[1], aliases=("Year",))
    assert (year.names, year.sources) == (("sold_year", "Year"), ("sold_year", "Year", "Sold on"))
    assert RM.sources == RM.names


@pytest.mark.parametrize(
    ("item", "changes", "problem"),
    [
        (DISTRICT, {"date": SALES.inputs[1].date}, "a part of a date is a number"),
        (RM, {"limits": (5, 1)}, "rm: limits: expected two finite float32"),
        (RM, {"training": (1, float("nan"))}, "rm: training: expected two finite float32"),
        (ZONE, {"categories": (2, 1, 3)}, "categories must be different codes in ascending order"),
        (ZONE, {"category_labels": ("low",)}, "3 categories need as many labels"),
        (DISTRICT, {"levels": ("a", "b")}, "4 categories need as many levels"),
        (DISTRICT, {"levels": ("a", "b", "c", "a")}, "levels must be different texts"),
        (DISTRICT, {"levels": ("a", "b", "c", "")}, "levels must be different texts"),
        (DISTRICT, {"levels": ("a", "b", "c", " d")}, "levels must be different texts with no space around them"),
        (DISTRICT, {"boolean": True}, "a boolean has two levels, not 4"),
        (ZONE, {"boolean": True}, "a boolean has two levels, not 0"),
        (DISTRICT, {"other": 7}, "other must be the code of a level, not 7"),
        (ZONE, {"other": 1}, "other must be the code of a level, not 1"),
        (ROOMS, {"missing": Missing(3, 3)}, "missing: 3 must be a float32 outside the limits"),
        (ROOMS, {"missing": Missing(-0.1, 3)}, "missing: -0.1 must be a float32 outside the limits"),
        (ROOMS, {"missing": Missing(float("nan"), 3)}, "missing: nan must be a float32 outside the limits"),
        (ROOMS, {"missing": Missing(1e300, 3)}, "must be a float32 outside the limits"),
        # 0.7 becomes this float32 in the model's rows.
        (ROOMS, {"limits": (0.7, 15), "missing": Missing(0.699999988079071, 3)}, "must be a float32 outside"),
        (ROOMS, {"missing": Missing(-13, 99)}, "missing: the fill 99 is not an accepted value"),
        (DISTRICT, {"missing": Missing(2, 1)}, "missing: 2 must be a float32 outside the limits"),
        (DISTRICT, {"missing": Missing(4, 1.5)}, "missing: the fill 1.5 is not an accepted value"),
        (ROOMS, {"missing": Missing(-13, 3, texts=("NA", "15"))}, "'15' is an accepted value, and means that there is"),
        (ROOMS, {"limits": (0.7, 15), "missing": Missing(-13, 3, texts=("0.6999999999",))}, "is an accepted value"),
        (ZONE, {"missing": Missing(4, 1, texts=("2.0",))}, "'2.0' is an accepted value, and means that there is none"),
        (DISTRICT, {"missing": Missing(4, 1, texts=("Höchst",))}, "'Höchst' is an accepted value, and means"),
        (ROOMS, {"missing": Missing(-13, 3, texts=(" NA",))}, "missing: expected texts with no space around them"),
        (ROOMS, {"missing": Missing(-13, 3, texts=("",))}, "missing: expected texts with no space around them"),
    ],
)
def test_a_description_that_makes_no_sense_is_named(item: Input, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(SignatureError, match=f"^input {item.name}: ") as caught:
        replace(item, **changes).check()
    assert problem in str(caught.value)


@pytest.mark.parametrize("item", [RM, ZONE, ROOMS, DISTRICT, BALCONY], ids=lambda item: item.name)
def test_a_description_that_makes_sense_is_not(item: Input) -> None:
    item.check()
