"""What is written as reference.csv and test.csv, and what is read of them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from registry import Input, Missing, RegistryError, Signature
from registry.integrity import VerifiedFiles, verify_files, write_sums
from registry.rows import TEST, Floats, read_rows, write_rows
from tests.conftest import FLATS, HOUSES

# Texts that end a field, a row or a file in a CSV reader that is not told better, and those that look like formulas.
TEXTS = (
    "a,b",
    'the "old" town',
    '"',
    "two\nlines",
    "two\rlines",
    "=1+1",
    "-",
    "'",
    "\\n",
    "Höchst",
    "naï\u2028ve",
    "0",
)
ODD = replace(
    HOUSES,
    inputs=(
        HOUSES.inputs[0],
        Input(
            "town",
            "Town",
            "",
            (),
            (0, len(TEXTS) - 1),
            (0, len(TEXTS) - 1),
            0,
            categories=tuple(range(len(TEXTS))),
            levels=TEXTS,
            missing=Missing(len(TEXTS), 0),
        ),
    ),
)


def written(folder: Path, signature: Signature, rows: Floats, labels: Floats) -> VerifiedFiles:
    write_rows(folder / TEST, signature, rows, labels)
    return sealed(folder)


def sealed(folder: Path) -> VerifiedFiles:
    write_sums(folder)
    return verify_files(folder)


def test_rows_of_numbers_are_as_pandas_writes_them(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(500, 4)) * 10.0 ** random.integers(-8, 20, (500, 4))
    values[:3] = [[0, -0.0, 1e16, 1e-5], [6, 250, 66.5, 24], [1e22, 123456789, 0.1, 1 / 3]]
    verified = written(tmp_path, HOUSES, values[:, :3], values[:, 3])
    columns = [*HOUSES.names, "medv"]
    assert (tmp_path / TEST).read_text() == pd.DataFrame(values, columns=columns).to_csv(index=False)
    np.testing.assert_array_equal(read_rows(verified, TEST, HOUSES), values)


def test_texts_are_written_as_they_are_and_what_is_missing_is_an_empty_cell(tmp_path: Path) -> None:
    rows = np.array([[4, 1, 0], [-13, 2, 2], [2.5, 0, 1]])
    verified = written(tmp_path, FLATS, rows, np.array([10.5, 9, 8]))
    assert (tmp_path / TEST).read_text() == (
        "rooms,district,balcony,rent\n"
        '4.0,"Nordend, West",without,10.5\n'
        ',"the ""old"" town",,9.0\n'
        "2.5,elsewhere,with,8.0\n"
    )
    np.testing.assert_array_equal(read_rows(verified, TEST, FLATS), np.column_stack([rows, [10.5, 9, 8]]))


def test_every_text_reads_back_here_and_in_any_reader_of_csv(tmp_path: Path) -> None:
    codes = np.arange(len(TEXTS) + 1, dtype=np.float64)
    rows = np.column_stack([codes + 0.5, codes])
    verified = written(tmp_path, ODD, rows, codes)
    np.testing.assert_array_equal(read_rows(verified, TEST, ODD)[:, :-1], rows)
    content = (tmp_path / TEST).read_bytes().decode()
    assert [line["town"] for line in csv.DictReader(io.StringIO(content, newline=""))] == [*TEXTS, ""]
    frame = pd.read_csv(io.StringIO(content, newline=""), dtype=str, keep_default_na=False, lineterminator="\n")
    assert frame["town"].tolist() == [*TEXTS, ""]


def test_a_text_that_is_no_level_counts_as_other(tmp_path: Path) -> None:
    (tmp_path / TEST).write_text("rooms,district,balcony,rent\n4,Sachsenhausen,yes,1\n")
    np.testing.assert_array_equal(read_rows(sealed(tmp_path), TEST, FLATS), [[4, 0, 1, 1]])


def test_a_file_may_have_no_rows(tmp_path: Path) -> None:
    verified = written(tmp_path, FLATS, np.zeros((0, 3)), np.zeros(0))
    assert read_rows(verified, TEST, FLATS).shape == (0, 4)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "expected the columns rooms, district, balcony, rent, not "),
        ("rooms,district,rent\n", "expected the columns rooms, district, balcony, rent, not rooms, district, rent"),
        ("rooms,district,balcony,rent\n4,elsewhere,with,1\nmany,elsewhere,with,1\n", "row 2: rooms: expected a number"),
        ("rooms,district,balcony,rent\n4,elsewhere,large,1\n", "row 1: balcony: expected a level of the input, not"),
        ("rooms,district,balcony,rent\n4,,with,1\n", "row 1: district: expected a level of the input, not ''"),
        ("rooms,district,balcony,rent\n4,elsewhere,with,\n", "row 1: rent: expected a number, not ''"),
        ("rooms,district,balcony,rent\n4,elsewhere,1\n", "row 1 has 3 cells, and there are 4 columns"),
        ("rooms,district,balcony,rent\n4,elsewhere,with,1\n\n", "row 2 has 0 cells"),
        ('rooms,district,balcony,rent\n4,"else', "row 1 has 2 cells"),
    ],
)
def test_a_file_that_holds_anything_else_is_named_with_the_cell(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / TEST).write_text(content)
    verified = sealed(tmp_path)
    with pytest.raises(RegistryError) as caught:
        read_rows(verified, TEST, FLATS)
    assert str(tmp_path / TEST) in str(caught.value)
    assert problem in str(caught.value)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / TEST).write_bytes(b"rm,tax,age,medv\n\xff,1,1,1\n")
    with pytest.raises(RegistryError, match="is no CSV file in UTF-8"):
        read_rows(sealed(tmp_path), TEST, HOUSES)
