"""The TOML reader: which values each method accepts, and which errors name the file and the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from train.errors import TrainError
from train.toml_reader import TomlTable, read_toml

Read = Callable[[TomlTable], Any]


@pytest.mark.parametrize(
    ("content", "read", "value"),
    [
        ({"k": "a b"}, lambda table: table.string("k"), "a b"),
        ({}, lambda table: table.string("k", ""), ""),
        ({"k": ["a", "b"]}, lambda table: table.strings("k"), ("a", "b")),
        ({}, lambda table: table.strings("k", ()), ()),
        ({"k": 3}, lambda table: table.integer("k", 3, 3), 3),
        ({"k": [1, 2]}, lambda table: table.integers("k", 1, 2), (1, 2)),
        ({"k": 3}, lambda table: table.number("k", 0, 3), 3.0),
        ({}, lambda table: table.optional_number("k", 0, 3), None),
        ({"k": [0, 0.5]}, lambda table: table.interval("k", 0, 1), (0.0, 0.5)),
    ],
)
def test_a_value_that_fits_is_returned(content: dict[str, Any], read: Read, value: Any) -> None:
    table = TomlTable(Path("a.toml"), "", content)
    assert read(table) == value
    table.reject_unread_keys()


@pytest.mark.parametrize(
    ("value", "read", "problem"),
    [
        (3, lambda table: table.string("k"), "expected a string that is not blank, not 3"),
        (" ", lambda table: table.string("k"), "expected a string that is not blank, not ' '"),
        ("", lambda table: table.string("k", ""), "expected a string that is not blank, not ''"),
        ("a", lambda table: table.strings("k"), "expected a list of strings, not 'a'"),
        ([1], lambda table: table.strings("k"), "expected a list of strings, not [1]"),
        (["a", "a"], lambda table: table.strings("k"), "expected different strings, not ['a', 'a']"),
        ("1", lambda table: table.integer("k", 0, 9), "expected an integer from 0 to 9, not '1'"),
        (True, lambda table: table.integer("k", 0, 9), "expected an integer from 0 to 9, not True"),
        (1.0, lambda table: table.integer("k", 0, 9), "expected an integer from 0 to 9, not 1.0"),
        (-1, lambda table: table.integer("k", 0, 9), "expected an integer from 0 to 9, not -1"),
        ([], lambda table: table.integers("k", 0, 9), "expected a list of integers, not []"),
        ([0, 10], lambda table: table.integers("k", 0, 9), "expected an integer from 0 to 9, not 10"),
        (True, lambda table: table.number("k", 0, 9), "expected a number from 0 to 9, not True"),
        (float("nan"), lambda table: table.number("k", 0, 9), "expected a number from 0 to 9, not nan"),
        (9.1, lambda table: table.optional_number("k", 0, 9), "expected a number from 0 to 9, not 9.1"),
        ([1], lambda table: table.interval("k", 0, 9), "expected two numbers, the smaller first, not [1]"),
        ([1, 1], lambda table: table.interval("k", 0, 9), "expected the smaller number first, not [1, 1]"),
        ([-1, 1], lambda table: table.interval("k", 0, 9), "expected a number from 0 to 9, not -1"),
        (1, lambda table: table.table("k"), "expected a table, not 1"),
        ([], lambda table: table.tables("k"), "expected at least one [[k]]"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_that_names_the_key(value: Any, read: Read, problem: str) -> None:
    with pytest.raises(TrainError) as error:
        read(TomlTable(Path("a.toml"), "", {"k": value}))
    assert str(error.value) == f"a.toml: k: {problem}"


def test_a_missing_key_is_named_with_its_table() -> None:
    table = TomlTable(Path("a.toml"), "", {"outer": [{}, {"inner": {}}]}).tables("outer")[1].table("inner")
    with pytest.raises(TrainError, match=r"a.toml: outer\[2\].inner.k: this key is missing"):
        table.string("k")


def test_a_key_that_was_not_read_is_named_wherever_it_is() -> None:
    table = TomlTable(Path("a.toml"), "", {"outer": [{"inner": {"k": 1, "kk": 2}}]})
    assert table.tables("outer")[0].table("inner").integer("k", 0, 1) == 1
    with pytest.raises(TrainError, match=r"a.toml: outer\[1\].inner.kk: unknown key"):
        table.reject_unread_keys()


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2)])
def test_the_line_that_is_not_toml_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(TrainError, match=f"a.toml: not TOML: .*line {line}") as error:
        read_toml(path, "")
    assert "\n" not in str(error.value)
