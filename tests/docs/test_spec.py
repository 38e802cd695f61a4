"""docs/reference/spec.md against the code: every key, and no other; its examples are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_reference import REFERENCE, first_cells, section
from tests.train.fitted_files import archive
from tests.train.helpers import SMALL_SPEC, write_small
from train.errors import TrainError
from train.spec import read_spec
from train.spec.csv_format import CsvFormat, read_format
from train.spec.fit import read_fit
from train.spec.inputs import read_input
from train.spec.toml_reader import TomlTable
from train.spec.toml_writer import format_toml

TEXT = (REFERENCE / "spec.md").read_text(encoding="utf-8")
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)]
# Between them they have every key that a reader of a table may ask for.
DATA = [{"file": "", "sha256": "", **BLOCKS[0]["data"]}, {"separator": ",", "quote": "", "decimal": ".", "skip": 0}]
INPUTS = [
    *BLOCKS[1]["inputs"],
    {"name": "a", "label": "A", "unit": "m", "aliases": [], "limits": [0, 1], "example": 0},
    {"name": "a", "label": "A", "categories": ["n", "y"], "category_labels": ["N", "Y"], "boolean": True},
]


def documented(heading: str) -> set[str]:
    return {key for cell in first_cells(section(TEXT, heading)) for key in re.findall(r"`([\w.]+)`", cell)}


class Listening(TomlTable):
    """A table that remembers which keys it was asked for."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__(Path("spec.toml"), "", content)
        self.asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self.asked.add(key)
        return super().__contains__(key)


def read_keys(tables: list[dict[str, Any]], read: Callable[[TomlTable], object]) -> set[str]:
    listening = [Listening(content) for content in tables]
    for table in listening:
        read(table)
    return set().union(*(table.asked for table in listening))


def test_the_keys_of_the_data_and_of_inputs_are_all_there() -> None:
    assert documented("## `[data]`") == read_keys(DATA, read_format) | {"file", "sha256"}
    assert documented("## `[[inputs]]`") == read_keys(INPUTS, lambda table: read_input(table, CsvFormat()))


def test_the_keys_of_a_model_of_ones_own_are_all_there(tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    (tmp_path / "net.py").write_text("def build(inputs): ...")
    fits = [{"build": "net:build", "steps": 1}, {"file": "a.keras"}]
    keys = read_keys(fits, lambda table: read_fit(table, tmp_path))
    assert documented("## `[fit]` for a model of your own") == keys


def test_the_examples_have_no_other_keys() -> None:
    for content in DATA:
        assert set(content) <= documented("## `[data]`")
    for content in INPUTS:
        assert set(content) <= documented("## `[[inputs]]`")


@pytest.mark.parametrize("heading", ["## `[label]`", "## `[split]`, `[judge]`, `[monitor]`, `[about]`"])
def test_further_keys_are_known(tmp_path: Path, heading: str) -> None:
    keys = documented(heading)
    assert keys
    for key in keys:
        table, _, name = key.rpartition(".")
        content = tomllib.loads(SMALL_SPEC)
        content.setdefault(table or "label", {})[name] = {}  # no key takes an empty table
        path = write_small(tmp_path, format_toml(content))
        with pytest.raises(TrainError, match=rf"{table or 'label'}\.{name}: expected"):
            read_spec(path)
