"""Inputs from columns: their keys, which a spec reads as they are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.train.init.helpers import columns
from train.init.date_parts import date_parts
from train.init.inputs import plan_inputs

ROWS = 60


def planned(table: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Return the keys of each input by its name, of a table with a label."""
    label, *others = columns({"label": list(map(str, range(ROWS))), **table})
    inputs, _ = plan_inputs([label, *others], label)
    return {item.content["name"]: item.content for item in inputs}


def test_a_number_has_limits_and_an_example() -> None:
    (content,) = planned({"Living area": [f"{n}.5" for n in range(ROWS)]}).values()
    assert content == {
        "name": "Living_area",
        "column": "Living area",
        "aliases": ["Living area"],
        "label": "Living area",
        "limits": [0, 89],
        "example": 29.5,
    }


def test_zero_and_one_are_codes() -> None:
    (content,) = planned({"new": ["0", "1"] * 30}).values()
    assert content == {"name": "new", "label": "New", "categories": [0, 1], "example": 0}


def test_yes_and_no_are_a_boolean_false_first() -> None:
    (content,) = planned({"air": ["Yes", "No", "Yes"] * 20}).values()
    assert content == {"name": "air", "label": "Air", "categories": ["No", "Yes"], "boolean": True, "example": "Yes"}


def test_a_number_is_typed_as_people_would_type_it() -> None:
    cells = [repr(0.1 * (row % 8)) for row in range(ROWS)]  # such as 0.30000000000000004
    (content,) = planned({"width": cells}).values()
    assert content["example"] == 0.3


def test_few_texts_are_all_that_there_are() -> None:
    (content,) = planned({"fuel": ["gas", "oil", "gas"] * 20}).values()
    assert content["categories"] == ["gas", "oil"]
    assert "other" not in content


def test_rare_texts_become_other() -> None:
    (content,) = planned({"fuel": ["gas", "oil"] * 28 + ["wood", "peat", "sun", "dung"]}).values()
    assert content["categories"] == ["gas", "oil"]
    assert (content["other"], content["min_rows"]) == ("other", 5)


def test_a_level_that_is_called_other_takes_the_rare_ones() -> None:
    (content,) = planned({"fuel": ["gas", "Other"] * 28 + ["wood", "peat", "sun", "dung"]}).values()
    assert content["other"] == "Other"


def test_missing_values_are_filled_and_told_if_there_are_enough() -> None:
    cells = [str(n) for n in range(ROWS)]
    found = planned({"many": ["", *cells[1:50], *[""] * 10], "few": ["", *cells[1:]], "text": ["", "a", "b"] * 20})
    assert [(item["missing"], item.get("indicator")) for item in found.values()] == [
        ("median", True),
        ("median", None),
        ("mode", True),
    ]


def test_names_differ_from_each_other_and_from_the_label() -> None:
    cells = list(map(str, range(ROWS)))
    assert list(planned({"a b": cells, "a_b": cells, "a-b": cells, "time": cells})) == [
        "a_b_2",
        "a_b",
        "a_b_3",
        "time_value",
    ]


def test_a_date_becomes_the_parts_that_differ() -> None:
    days = [f"{2020 + n % 3}-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(ROWS)]
    found = planned({"sold": days, "year": [f"{1960 + n}-01-01" for n in range(ROWS)]})
    assert list(found) == ["sold_year", "sold_month", "sold_weekday", "sold_days", "year_year"]
    assert found["sold_month"] == {
        "name": "sold_month",
        "column": "sold",
        "label": "Sold, month",
        "date": "month",
        "date_format": "%Y-%m-%d",
        "limits": [1, 12],
        "example": found["sold_month"]["example"],
    }


def test_a_part_of_a_date_that_another_column_tells_is_no_input() -> None:
    rows = range(3 * ROWS)
    days = [date(2023, 1, 1) + timedelta(31 * row % 700) for row in rows]
    table = {
        "label": list(map(str, rows)),
        "sold": [str(day) for day in days],
        "yr": [str(day.year - 2023) for day in days],
        "mnth": [f"{day:%b}" for day in days],
        "size": [f"{row * 37 % 101}.5" for row in rows],
    }
    label, sold, *others = columns(table)
    inputs, _ = plan_inputs([label, sold, *others], label)
    assert [item.content["name"] for item in inputs] == ["sold_weekday", "sold_days", "yr", "mnth", "size"]
    assert sold.note == "yr tells its year and mnth tells its month"
    sold.is_wanted = True
    inputs, _ = plan_inputs([label, sold, *others], label)
    assert [item.content["name"] for item in inputs][:2] == ["sold_year", "sold_month"]


def test_texts_tell_no_part_of_a_date_that_goes_on_rising_and_none_if_some_of_them_are_merged() -> None:
    rows = range(480)
    days = [date(2023, 1, 1) + timedelta(7 * (row // 4)) for row in rows]  # 120 weeks
    table = {
        "label": list(map(str, rows)),
        "sold": list(map(str, days)),
        "batch": [f"batch {row // 4}" for row in rows],  # each in too few rows to stay
        "number": [str(7 * (row // 4) % 127) for row in rows],  # in another order
        "yr": [{2023: "first", 2024: "second", 2025: "third"}[day.year] for day in days],
    }
    label, sold, *others = columns(table)
    plan_inputs([label, sold, *others], label)
    assert sold.note == ""
    (rising,) = columns({"week": [str(row // 4) for row in rows]})
    plan_inputs([label, sold, *others, rising], label)
    assert sold.note == "week tells its days"


def test_a_text_of_rare_months_does_not_tell_them() -> None:
    rows = range(200)
    days = [date(2023, 1 + (row % 3 if row > 8 else row % 9), 1 + row % 28) for row in rows]
    label, sold, month = columns(
        {"label": list(map(str, rows)), "sold": list(map(str, days)), "month": [f"{day:%B}" for day in days]}
    )
    plan_inputs([label, sold, month], label)
    assert sold.note == ""


def test_the_form_says_what_the_numbers_of_a_weekday_and_of_days_mean() -> None:
    found = planned({"sold": [f"{2020 + n % 3}-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(ROWS)]})
    assert found["sold_weekday"]["label"] == "Sold, weekday (0 is Monday)"
    assert (found["sold_days"]["label"], found["sold_days"]["unit"]) == ("Sold, days", "days since 1970-01-01")


def test_each_part_of_a_date_is_named_after_its_column_however_long_that_is() -> None:
    dates = [f"{2020 + n % 3}-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(ROWS)]
    parts = ("year", "month", "weekday", "days")
    assert list(planned({f"{'sold ' * 9}at auction": dates})) == [f"{'sold_' * 9}at_au_{part}" for part in parts]
    assert list(planned({"size": ["1", "2"] * 30, "продано": dates}))[1:] == [f"column_3_{part}" for part in parts]
    assert "sold_year_2" in planned({"sold": dates, "sold_year": ["1", "2"] * 30})


def test_a_name_that_nobody_could_send_is_no_alias() -> None:
    content = planned({"a\nb": ["1", "2"] * 30})["a_b"]
    assert (content["column"], "aliases" in content) == ("a\nb", False)


def test_a_date_that_hardly_differs_has_no_parts() -> None:
    (column,) = columns({"day": ["2024-01-01"] * 57 + ["2024-01-02"] * 3})
    assert date_parts(column) == {}
