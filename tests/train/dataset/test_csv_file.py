"""A CSV file row by row: what is read, and which files and lines are refused."""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from train.dataset.csv_file import file_sha256, open_rows
from train.errors import TrainError
from train.spec.csv_format import CsvFormat

SPACES = CsvFormat(separator="whitespace", columns=("a", "b", "c"))


def rows_of(
    folder: Path, content: bytes | str, form: CsvFormat, columns: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with open_rows(path, form, columns) as csv:
        rows = list(csv.rows)
        assert csv.sha256() == hashlib.sha256(path.read_bytes()).hexdigest() == file_sha256(path, "")
        return csv.names, rows


@pytest.mark.parametrize(
    ("content", "form", "names", "rows"),
    [
        ("a, b\n\n1,2\n", CsvFormat(), ("a", "b"), [(3, ["1", "2"])]),
        ("a,b\r1,2\r", CsvFormat(), ("a", "b"), [(2, ["1", "2"])]),
        ('a,b\n"1\n",2\n3,4', CsvFormat(), ("a", "b"), [(3, ["1\n", "2"]), (4, ["3", "4"])]),
        ("sep=;\na;b\n1;2\n", CsvFormat(), ("a", "b"), [(3, ["1", "2"])]),
        ("a:b\n1:2\n", CsvFormat(separator=":"), ("a", "b"), [(2, ["1", "2"])]),
        ("a^b\n1^2\n", CsvFormat(separator="^"), ("a", "b"), [(2, ["1", "2"])]),
        ('a, "b"\n1, "2, 3"\n', CsvFormat(separator=","), ("a", "b"), [(2, ["1", "2, 3"])]),
        ("a;b\n'1;2';3\n", CsvFormat(separator=";", quote="'"), ("a", "b"), [(2, ["1;2", "3"])]),
        ('a;b\n5";6\n', CsvFormat(separator=";", quote=""), ("a", "b"), [(2, ['5"', "6"])]),
        ("Prices\n\na;b\n1;2\n", CsvFormat(separator=";", skip=2), ("a", "b"), [(4, ["1", "2"])]),
        ("1;2\n3;4\n", CsvFormat(separator=";", columns=("a", "b")), ("a", "b"), [(1, ["1", "2"]), (2, ["3", "4"])]),
        ("é;b\n1;2\n".encode("cp1252"), CsvFormat(encoding="cp1252"), ("é;b",), [(2, ["1;2"])]),
        ("é;b\n1;2\n".encode("utf-16"), CsvFormat(separator=";", encoding="utf-16"), ("é", "b"), [(2, ["1", "2"])]),
        ("é;b\n1;2\n".encode("utf-16"), CsvFormat(separator=";"), ("é", "b"), [(2, ["1", "2"])]),
        ("a;b\n1;2\n".encode("utf-8-sig"), CsvFormat(separator=";"), ("a", "b"), [(2, ["1", "2"])]),
        ("a;b\n1;2\n".encode("utf-8-sig"), CsvFormat(separator=";", encoding="utf-8"), ("a", "b"), [(2, ["1", "2"])]),
        (" 1  2\t3 \n\n4 5 6", SPACES, ("a", "b", "c"), [(1, ["1", "2", "3"]), (3, ["4", "5", "6"])]),
        ('"x  ""y""" 2 "" \n', SPACES, ("a", "b", "c"), [(1, ['x  "y"', "2", ""])]),
        ("1 it's 3\n", SPACES, ("a", "b", "c"), [(1, ["1", "it's", "3"])]),
        ('1 5" 3\n', SPACES, ("a", "b", "c"), [(1, ["1", '5"', "3"])]),
        ("", CsvFormat(), (), []),
    ],
)
def test_rows_are_read_with_their_lines(
    tmp_path: Path, content: bytes | str, form: CsvFormat, names: tuple[str, ...], rows: list[tuple[int, list[str]]]
) -> None:
    assert rows_of(tmp_path, content, form) == (names, rows)


def test_without_a_separator_it_is_found_by_the_columns(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "é;b\n1;2\n".encode("cp1252"), CsvFormat(encoding="cp1252"), ("b",))[0] == ("é", "b")


def test_a_long_cell_is_refused_whatever_other_readers_of_the_process_allow(tmp_path: Path) -> None:
    before = csv.field_size_limit(1 << 30)  # as a reader of logs sets it
    try:
        with pytest.raises(TrainError, match="line 3: not CSV: field larger than field limit"):
            rows_of(tmp_path, f"a,b\n1,{'x' * 131_072}\n1,{'x' * 131_073}\n", CsvFormat())
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("content", "form", "named"),
    [
        ("a,b\n1,2\n1,2,3\n", CsvFormat(), "line 3: has 3 columns, the header 2; correct the line"),
        ("1,2\n1,2,3\n", CsvFormat(separator=",", columns=("a", "b")), "line 2: has 3 columns, and data.columns"),
        ("x\na,b\n1,2,3\n", CsvFormat(separator=",", skip=1), "line 3: has 3 columns, the header 2"),
        ("1 2\n", SPACES, "line 1: has 2 columns, and data.columns in the spec has 3 names"),
        ('1 2 3\n1 "2 3\n', SPACES, 'line 2: a " is not closed on this line; correct the line'),
        ('1 2 3\n1 "2"x 3\n', SPACES, 'line 2: a " is not closed on this line; correct the line'),
        ('a,b\n1,2\n1,"2\n\n', CsvFormat(), "in the row that begins on line 3; correct the line"),
        ('a,b\n1,"2"3\n', CsvFormat(), "line 2: not CSV"),
        (f"a,b\n1,2\n1,{'x' * 10_000_000}\n", CsvFormat(), "line 3: not CSV: field larger than field limit"),
        (b"a,b\n1,\0\n", CsvFormat(), "line 2: holds a NUL character"),
        ("é\n".encode("latin-1"), CsvFormat(), 'line 1: not UTF-8; save the file as UTF-8, or set data.encoding: "cp1'),
        (b"sep=;\na;b\n1;\xff\n", CsvFormat(), "line 3: not UTF-8"),
        (b"a\n" + b"1\n" * 300_000 + b"\xff", CsvFormat(), "line 300002: not UTF-8"),
        (b"a\n" + b"1\n" * 300_000 + "é".encode()[:1], CsvFormat(), "line 300002: not UTF-8"),
        (b"a\n" + b"1\n" * 300_000 + b"\xff", CsvFormat(encoding="ascii"), "line 300002: not ascii; set data.encoding"),
        (b"a\n1", CsvFormat(encoding="utf-16"), "line 1: not utf-16; set data.encoding to the file's encoding"),
        (b"PK\x03\x04", CsvFormat(), "this is a workbook or another zip file: save it as CSV"),
        (b"PK\x03\x04", CsvFormat(separator=","), "this is a workbook or another zip file: save it as CSV"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(
    tmp_path: Path, content: bytes | str, form: CsvFormat, named: str
) -> None:
    with pytest.raises(TrainError) as error:
        rows_of(tmp_path, content, form)
    assert named in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "data.csv"))
    assert len(str(error.value)) < 500


def test_a_million_columns_are_read(tmp_path: Path) -> None:
    names, rows = rows_of(tmp_path, ",".join(map(str, range(1_000_000))) + "\n" + "1," * 999_999 + "1", CsvFormat())
    assert len(names) == len(rows[0][1]) == 1_000_000


@pytest.mark.parametrize("kind", ["folder", "pipe", "none"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    named = f"data.csv: can't be read .*{kind if kind != 'none' else 'No such file'}.*; look again"
    with pytest.raises(TrainError, match=named), open_rows(path, CsvFormat(), advice="look again"):
        pass
    with pytest.raises(TrainError, match=named):
        file_sha256(path, "look again")


FORMATS = st.builds(
    CsvFormat,
    encoding=st.sampled_from(["", "utf-8", "utf-16", "cp1252"]),
    separator=st.sampled_from([",", ";", "whitespace"]),
    quote=st.sampled_from(['"', "'", ""]),
    columns=st.sampled_from([(), ("a", "b")]),
    skip=st.integers(0, 2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60) | st.text("a1\"' ;,\r\n\t", max_size=60).map(str.encode),
    FORMATS | st.just(CsvFormat()),
)
def test_any_bytes_are_rows_of_one_width_or_an_error(tmp_path: Path, content: bytes, form: CsvFormat) -> None:
    try:
        names, rows = rows_of(tmp_path, content, form)
    except TrainError as error:
        if not str(error).startswith(f"{tmp_path / 'data.csv'}"):
            raise
        return
    assert all(len(row) == len(names) for _, row in rows)
    assert [line for line, _ in rows] == sorted({line for line, _ in rows})
