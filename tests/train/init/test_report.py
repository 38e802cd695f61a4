"""The table of columns on the terminal."""

from __future__ import annotations

import pytest

from tests.train.init.helpers import columns
from train.init.report import column_table


def test_each_column_has_a_line_that_says_what_becomes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    label, size, fuel, day, code = table = columns(
        {
            "price": ["1", "2", "3"],
            "size": ["1.5", "", "7"],
            "fuel": ["oil", "gas", "gas"],
            "day": ["2024-01-31", "2024-02-01", "2023-01-01"],
            "code": ["007", "008", "009"],
        }
    )
    code.left_out = "it is a key or free text, and this reason is so long that it does not fit into one line"
    text = column_table(table, label, {id(size): ["size"], id(fuel): ["Fuel"], id(day): ["day_year", "day_month"]})
    lines = text.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        *("column", "price", "size", "fuel", "day", "code")
    ]
    assert lines[1].endswith("the label")
    assert lines[2].split() == ["size", "number", "1", "1.5", "to", "7"]
    assert "gas, oil" in lines[3]
    assert lines[3].endswith("as Fuel")
    assert "2023-01-01 to 2024-02-01" in lines[4]
    assert max(map(len, lines)) <= 100
    assert " ".join(" ".join(lines[5:]).split()).endswith("left out: " + code.left_out)


def test_control_characters_of_the_file_do_not_reach_the_terminal() -> None:
    (column,) = columns({"a\x1bb": ["red\x1b[2J", "blue"]})
    assert "\x1b" not in column_table([column], column, {})
    column.judge("it gives the label away")
    assert "--keep" not in column_table([column], columns({"price": ["1"]})[0], {})  # the name can't be typed
