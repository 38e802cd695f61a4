"""The dialect of a CSV text: what its first bytes say, and what they leave open."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csv_dialect import Dialect, DialectError, Record, open_csv, read_decimal, read_records, width_problem

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


def read_all(content: bytes, piece: int = 1 << 20) -> list[Record]:
    file = io.BytesIO(content)
    return list(read_records(lambda size: file.read(min(size, piece)), ("price",)))


@pytest.mark.parametrize(
    "text",
    [
        "id,price,note\na,1.5,x\n\nb,,\n",
        "sep=;\r\nid;price;note\r\na;1,5;x\r\nb;;\r\n",
        'id\tprice\tnote\r" a "\t1.5\tx\rb\t\t\r',
        'id,price,note\na,"1,5",x\nb,,',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16"])
@pytest.mark.parametrize("piece", [1, 1 << 20])
def test_records_have_their_cells_by_name_in_any_dialect(text: str, encoding: str, piece: int) -> None:
    first, second = read_all(text.encode(encoding), piece)
    assert (first.cells, first.fault) == ([("id", "a"), ("price", 1.5), ("note", "x")], "")
    assert (second.cells, second.fault) == ([("id", "b")], "")


def test_a_record_has_the_line_at_which_it_begins_and_its_fault() -> None:
    content = b'sep=;\nid;price\n"a\nb";1\n\nc;2;3\nd\n;1.000,5\ne;1,234\nf;low\n'
    records = read_all(content)
    assert [(record.line, record.fault) for record in records] == [
        (3, ""),
        (6, "has 3 columns, the header 2"),
        (7, "has 1 columns, the header 2"),
        (8, ""),
        (9, ""),
        (10, ""),
    ]
    assert [record.cells for record in records[:4]] == [[("id", "a\nb"), ("price", 1)], [], [], [("price", "1.000,5")]]
    assert isinstance(dict(records[4].cells)["price"], DialectError)
    assert records[5].cells == [("id", "f"), ("price", "low")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'id,price\na,1\n"b,2\nc,3\n', "line 3: can't be read as CSV (unexpected end of data)"),
        (b'id,price\n"a"b,2\n', "line 2: can't be read as CSV"),
        (b"id,price\n" + b"x" * (2 << 20), "a line is longer than 1048576 bytes"),
        (b"PK\x03\x04", "this is a workbook"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(DialectError) as caught:
        read_all(content)
    assert message in str(caught.value)


def test_a_text_without_records_has_none() -> None:
    assert read_all(b"") == read_all(b"\n\n") == read_all(b"id,price\n") == []
