"""The dialect of a CSV text: what its first bytes say, and what they leave open."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csv_dialect import Dialect, DialectError, open_csv, read_decimal, width_problem

NAMES = {"width", "price"}
HEAD = 1 << 18


def open_text(content: bytes, piece: int = 1 << 20) -> tuple[Dialect, bytes]:
    file = io.BytesIO(content)
    dialect, read = open_csv(lambda size: file.read(min(size, piece)), NAMES)
    return dialect, b"".join(iter(lambda: read(HEAD), b""))


@pytest.mark.parametrize(
    ("text", "separator", "decimal"),
    [
        ("", ",", "."),
        ("width,price\n1.5,2\n", ",", "."),
        ("note;1\twidth,price\n", ",", "."),
        ("width;price;a,b\n1,5;2;x\n", ";", ","),
        ("width;price\n1.5;2\n", ";", "."),
        ("width;price\n1;2\n", ";", ""),
        ("width;price\n1,234;2.345\n", ";", ""),
        ("width;price\n0,234;2.345\n", ";", ","),
        ("width;price\n1,5;2.5\n", ";", ""),
        ("width;price;note\n1,5;2;2.5\n", ";", ","),
        ('width;price\n"-1,5e3";,5\n', ";", ","),
        ('"two\nlines";width;price\nx;1,5;2\n', ";", ","),
        ('width,price\n"1,5",2\n', ",", ","),
        ('width,price\n"1,5e3",2\n', ",", ","),
        ('width,price\n"1,234",2\n', ",", "."),
        ('width,price\n"1,5",2.5\n', ",", "."),
        ("width\n1\n", ",", "."),
        ("size;cost\n1;2\n", ",", "."),
    ],
)
def test_the_header_tells_the_separator_and_the_numbers_the_decimal_mark(
    text: str, separator: str, decimal: str
) -> None:
    dialect, rest = open_text(text.encode())
    assert (dialect.separator, dialect.decimal, rest.decode()) == (separator, decimal, text)


@pytest.mark.parametrize("preface", [b"\xef\xbb\xbf", b"sep=;\n", b'\xef\xbb\xbf"SEP=;"\r\n'])
def test_what_stands_before_the_header_is_set_aside(preface: bytes) -> None:
    dialect, rest = open_text(preface + b"width;price\r\n1,5;2\r\n")
    assert (dialect, rest) == (Dialect(preface, ";", ","), b"width;price\r\n1,5;2\r\n")


def test_a_header_that_can_be_split_in_two_ways_is_refused() -> None:
    with pytest.raises(DialectError, match="it can be parted by ',' and by ';': quote the names"):
        open_text(b"width,a;price\n")


@pytest.mark.parametrize(
    ("decimal", "cell", "number"),
    [
        (".", "1.234", "1.234"),
        (",", " -1,234 ", "-1.234"),
        (",", "1,5E3", "1.5E3"),
        ("", "66,5", "66.5"),
        ("", "0.234", "0.234"),
        ("", "1,2340", "1.2340"),
        ("", "1234", "1234"),
        (",", "1.234,5", "1.234,5"),
        (",", "n,a", "n,a"),
        (",", ",", ","),
    ],
)
def test_a_number_gets_a_decimal_point_and_any_other_text_stays(decimal: str, cell: str, number: str) -> None:
    assert read_decimal(cell, decimal) == number


@pytest.mark.parametrize(("decimal", "cell"), [("", "1,234"), ("", "-1.234"), (",", "1.5"), (".", "1,5")])
def test_a_number_of_two_readings_or_with_the_other_mark_is_refused(decimal: str, cell: str) -> None:
    with pytest.raises(DialectError, match=f'^"{cell}" '):
        read_decimal(cell, decimal)


@pytest.mark.parametrize(
    ("cells", "separator", "cause"),
    [
        (["6;250;66,5"], ",", ": it is parted by ';', the header by ','"),
        (["6;250;66", "5"], ",", ": it is parted by ';', the header by ','"),
        (["6,250,66.5"], ";", ": it is parted by ',', the header by ';'"),
        (["6\t250\t66"], "|", ": it is parted by '\\t', the header by '|'"),
        (["a,b", "1"], ",", ""),
        (["6 250 66.5"], ",", ""),
        (["6;250;66,5;"], "|", ""),
    ],
)
def test_a_row_that_is_parted_otherwise_than_the_header_is_told_so(
    cells: list[str], separator: str, cause: str
) -> None:
    assert width_problem(cells, 3, separator) == f"has {len(cells)} columns, the header 3{cause}"


def test_a_row_of_two_cells_below_a_header_of_one_is_parted_by_nothing_else() -> None:
    assert width_problem(["1", "2"], 1, ",") == "has 2 columns, the header 1"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
    st.integers(1, 9),
)
def test_a_text_is_the_same_in_every_encoding_however_it_arrives(cell: str, encoding: str, piece: int) -> None:
    text = f"width;price;note\n1,5;2;{cell}\n"
    dialect, rest = open_text(text.encode(encoding), piece)
    assert (dialect.separator, dialect.decimal, rest.decode()) == (";", ",", text)


@pytest.mark.parametrize(
    "write", [str.encode, lambda text: text.encode("utf-16"), lambda text: text.replace("\n", "\r").encode()]
)
def test_the_first_bytes_decide_and_a_row_that_they_cut_counts_for_nothing(write: Callable[[str], bytes]) -> None:
    row = "1;2\n"
    whole = "width;price\n" + row * (HEAD // len(row) - 3)
    text = whole + "9;1,2" + "0" * HEAD
    dialect, rest = open_text(write(text))
    assert dialect.decimal == ""
    assert rest.decode("utf-8-sig") == text
