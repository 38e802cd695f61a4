"""What is written as TOML reads back as the same values."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from train.spec.toml_writer import format_toml


@pytest.mark.parametrize("name", ["boston", "boston_mlp"])
def test_the_shipped_specs_read_back(name: str) -> None:
    content = tomllib.loads(Path(f"train/{name}.toml").read_text())
    assert tomllib.loads(format_toml(content)) == content


def test_every_kind_of_value_reads_back() -> None:
    content = {
        "text": 'a "quoted" \\ text,\nwith\ttabs, \x7f, \x01 and ü',
        "odd key": True,
        "numbers": [1, -2.5, 1e-05, 1e300],
        "none": [],
        "table": {"inner": {"deep": 1}, "after": "x"},
        "list": [{"a": 1, "b": {"c": [True]}}, {"a": 2}],
        "last": 3,
    }
    assert tomllib.loads(format_toml(content)) == content
