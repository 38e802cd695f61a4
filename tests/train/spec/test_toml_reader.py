"""The TOML reader: which values each method accepts, and which errors name the file and the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from train.errors import TrainError
from train.spec.toml_reader import TomlTable

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


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"titel": "a"}, "title: this key is missing; was titel meant?"),
        ({"title": "a", "lable": "b"}, "lable: unknown key; was label meant?"),
        ({"title": "a", "luck": 1}, "luck: unknown key; remove it or correct its name"),
        ({}, "title: this key is missing; add it"),
    ],
)
def test_a_misspelt_key_is_named_with_the_nearest_one(content: dict[str, Any], problem: str) -> None:
    table = TomlTable(Path("a.toml"), "", content)
    with pytest.raises(TrainError) as error:  # noqa: PT012 - either step finds it
        table.string("title")
        table.string("label", "")
        table.reject_unread_keys()
    assert str(error.value) == f"a.toml: {problem}"
