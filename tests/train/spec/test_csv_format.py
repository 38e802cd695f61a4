"""How a CSV file is written: the keys of `[data]`, and what is wrong with them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from train.errors import TrainError
from train.spec.csv_format import CsvFormat, read_format
from train.spec.toml_reader import TomlTable
from train.spec.toml_writer import format_toml

FORMATS = [
    CsvFormat(),
    CsvFormat(encoding="cp1252", missing=("NA", "?")),
    CsvFormat(separator=";", decimal=",", quote="'", skip=3),
    CsvFormat(separator="\t", quote="", missing=("",)),
    CsvFormat(separator="whitespace", columns=("a", "the b")),
]


def read(content: dict[str, Any]) -> CsvFormat:
    table = TomlTable(Path("spec.toml"), "data.", content)
    form = read_format(table)
    table.reject_unread_keys()
    return form


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_into_a_spec_is_read_back(form: CsvFormat) -> None:
    assert read(tomllib.loads(format_toml(form.to_toml()))) == form


def test_an_empty_cell_never_has_a_value() -> None:
    assert read({"missing": ["NA"]}).no_value == {"", "NA"}
    assert read({}).no_value == {""}


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        ({}, {-999, -99.9, 1.5}),
        ({"separator": ";", "decimal": ","}, {-999, -99.9}),
        ({"separator": ";"}, {-999, 1.5}),
    ],
)
def test_the_decimals_of_the_file_say_which_words_are_numbers(content: dict[str, Any], numbers: set[float]) -> None:
    words = ["NA", "-999", "-99,9", "1.5", "1_000", "nan", "1,234.5"]
    assert read({**content, "missing": words}).missing_numbers == numbers


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"encoding": "klingon"}, "data.encoding: expected one like 'utf-8', 'latin-1' or 'cp1252', not 'klingon'"),
        ({"encoding": "hex"}, "data.encoding: expected one like"),
        ({"encoding": 8}, "data.encoding: expected a string"),
        ({"separator": "/"}, "data.separator: expected one of ',', ';', '\\t', '|', ':', '^', 'whitespace', not '/'"),
        ({"separator": ["a"]}, "data.separator: expected one of"),
        ({"decimal": "·"}, "data.decimal: expected one of '.', ',', not '·'"),
        ({"separator": ",", "quote": "`"}, "data.quote: expected one of"),
        ({"quote": "'"}, "data.quote: a file that is read so needs the separator too; add data.separator"),
        ({"header": False, "columns": ["a"]}, "data.header: a file that is read so needs the separator too"),
        ({"skip": 1}, "data.skip: a file that is read so needs the separator too"),
        ({"separator": ",", "header": "no"}, "data.header: expected true or false, not 'no'"),
        ({"separator": ",", "header": False}, "data.columns: this key is missing"),
        ({"separator": ",", "header": False, "columns": []}, "data.columns: expected a name for each column"),
        ({"separator": ",", "header": False, "columns": ["a", " b"]}, "data.columns: expected a name for each column"),
        ({"separator": ",", "header": False, "columns": ["a", "a"]}, "data.columns: expected different strings"),
        ({"columns": ["a"]}, "data.columns: the file's header names its columns; add header = false if it has none"),
        ({"separator": ",", "skip": -1}, "data.skip: expected an integer from 0"),
        ({"missing": "NA"}, "data.missing: expected a list of strings"),
        ({"missing": [" NA"]}, "data.missing: cells are read without the spaces around them; remove those of ' NA'"),
        ({"seperator": ","}, "data.seperator: unknown key; was separator meant?"),
    ],
)
def test_an_error_names_the_key(content: dict[str, Any], named: str) -> None:
    with pytest.raises(TrainError) as error:
        read(content)
    assert f"spec.toml: {named}" in str(error.value)
