"""The CSV reader: records with their lines and numbers. A bad record spoils no other, and memory is bounded."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace

import numpy as np
import pytest

from app.codecs.csv_reader import CsvBatch, CsvBatchReader
from app.codecs.json_decoder import JsonDecoder
from app.errors import FieldError, InvalidInput, MalformedRequest, ServingError
from tests.app.requests import OTHER_ROW, ROW
from tests.conftest import FLATS, HOUSES

DECODER, FLAT = JsonDecoder(HOUSES, 10_000), JsonDecoder(FLATS, 10_000)


def read(text: str | bytes, decoder: JsonDecoder = DECODER) -> tuple[CsvBatchReader, list[CsvBatch]]:
    reader = CsvBatchReader(io.BytesIO(text.encode() if isinstance(text, str) else text).read, decoder)
    return reader, list(reader.batches())


def read_batch(text: str | bytes, decoder: JsonDecoder = DECODER) -> CsvBatch:
    _, (batch,) = read(text, decoder)
    return batch


@pytest.mark.parametrize(
    "text",
    [
        "rm,tax,age\n6,250,66.5\n7,300,10\n",
        "age,rooms,tax\n66.5,6,250\n10,7,300\n",
        'town,rm,tax,age\n"Nahant, MA",6,250,66.5\nLynn,7,300,10\n',
        "rm,tax,age\r\n6,250,66.5\r\n7,300,10\r\n",
        "rm,tax,age\n6,250,66.5\n7,300,10",
        "\ufeffrm,tax,age\n6,250,66.5\n7,300,10\n",
        '"rm", tax ,age\n"6",250 ,+66.50\n7.,3e2,010\n',
        'note,rm,tax,age\n"two\nlines, ""quoted""",6,250,66.5\n\n\nx,7,300,10\n\n',
        "id,rm,tax,age\n1,6,250,66.5\n2,7,300,10\n",
        b"town,rm,tax,age\nM\xfcnchen\x00,6,250,66.5\n,7,300,10\n",
    ],
)
def test_order_names_further_columns_and_line_ends_make_no_difference(text: str | bytes) -> None:
    reader, batches = read(text)
    raw = text.encode() if isinstance(text, str) else text
    assert [row for batch in batches for row in batch.inputs.values.tolist()] == [ROW, OTHER_ROW]
    records = [record for batch in batches for record in batch.records]
    lines = [line for line in raw.replace(b"\r\n", b"\n").split(b"\n") if line]
    assert b"\n".join([reader.header, *records]).split(b"\n") == lines
    assert reader.end == (b"\r\n" if b"\r\n" in raw else b"\n")


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("6,abc,66.5", "tax", 'expected a number, not the text "abc"'),
        ("6,,66.5", "tax", "is missing"),
        ("6,nan,66.5", "tax", 'expected a number, not the text "nan"'),
        ("6,1_0,66.5", "tax", 'expected a number, not the text "1_0"'),
        ("6,1e999,66.5", "tax", "is too large to be a number here"),
        ("6,250", "", "has 2 columns, the header 3"),
        ("6,250,66.5,1", "", "has 4 columns, the header 3"),
        ('6,"2"5,66.5', "", "has text behind the end of a quote"),
        ('6,"250,66.5', "", "has a quote without an end"),
        ('"6,250,66.5', "", "has a quote without an end"),
        ("6,250\r,66.5", "", "has a carriage return within it"),
        ('6,"250"x,66.5', "", "has text behind the end of a quote"),
        ("[6],250,66.5", "rm", 'expected a number, not the text "[6]"'),
        ('"6,250",66.5,', "rm", 'expected a number, not the text "6,250"'),
    ],
)
def test_an_error_has_its_row_and_column_and_spoils_no_other_row(row: str, column: str, message: str) -> None:
    batch = read_batch(f"rm,tax,age\n6,250,66.5\n{row}\n7,300,10\n7,300,10\n")
    assert batch.inputs.errors[0] == FieldError(1, column, message)
    assert {error.row for error in batch.inputs.errors} == {1}
    assert batch.inputs.values[[0, 2, 3]].tolist() == [ROW, OTHER_ROW, OTHER_ROW]
    assert list(batch.lines) == [2, 3, 4, 5]


def test_a_record_that_is_no_csv_comes_back_as_one_cell() -> None:
    batch = read_batch('rm,tax,age\n6,"250,66.5\n6,250\r,66.5\n6,"250"x,66.5\n')
    cells = [next(csv.reader(io.StringIO(record.decode(), newline=""))) for record in batch.records]
    assert cells == [['6,"250,66.5'], ["6,250\r,66.5"], ['6,"250"x,66.5']]
    assert batch.missing == {0: 2, 1: 2, 2: 2}


@pytest.mark.parametrize(
    "text",
    [
        "rm;tax;age\n6;250;66,5\n7;300;10\n",
        "rm;tax;age\n6;250;66.5\n7;300;10\n",
        "rm\ttax\tage\n6,0\t250\t66,5\n7\t300\t10\n",
        "rm|tax|age\r\n6|250|66.5\r\n7|300|10\r\n",
        "sep=;\nage;tax;rooms\n66,5;250;6\n10;300;7\n",
        '\ufeff"sep=,"\r\nrm,tax,age\r\n6,250,66.5\r\n7,300,10\r\n',
        'town;rm;tax;age\n"Lynn; 1,234";6;250;66,5\n;7;300;10\n',
        'rm,tax,age\n6,250,"66,5"\n"7,0",300,10\n',
        "note,rm,tax,age\r1,6,250,66.5\r2,7,300,10",
        "\ufeffrm\ttax\tage\r\n6\t250\t66,5\r\n7\t300\t10\r\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_what_spreadsheets_write_is_read_alike(text: str, encoding: str) -> None:
    reader, batches = read(text.encode(encoding))
    assert [row for batch in batches for row in batch.inputs.values.tolist()] == [ROW, OTHER_ROW]
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    sent = b"\n".join([reader.header, *(record for batch in batches for record in batch.records)])
    assert sent.decode("utf-8-sig").replace("\r\n", "\n").split("\n") == lines
    assert [line for batch in batches for line in batch.lines] == [len(lines) - 1, len(lines)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("6;1,234;66", '"1,234" may be 1.234 or 1234: write 1,2340 or 1234'),
        ("6;1.234;66", '"1.234" may be 1.234 or 1234: write 1.2340 or 1234'),
        ("6,5;1.234;66", '"1.234" has a ".", but the decimals of this file have a ","'),
        ("6.5;1,234;66", '"1,234" has a ",", but the decimals of this file have a "."'),
        ("6.5;1,234;66,5", '"1,234" may be 1.234 or 1234: write 1,2340 or 1234'),
        ("6,5;1.234,5;66", 'expected a number, not the text "1.234,5"'),
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_an_error_with_the_cause(row: str, message: str) -> None:
    batch = read_batch(f"rm;tax;age\n7;300;10\n{row}\n7;300;10\n")
    assert batch.inputs.errors == [FieldError(1, "tax", message)]
    assert batch.inputs.values[[0, 2]].tolist() == [OTHER_ROW, OTHER_ROW]


def test_a_row_that_is_parted_otherwise_than_the_header_is_told_so() -> None:
    batch = read_batch("rm,tax,age\n6;250;66,5\n6,250,66.5\n")
    message = "has 2 columns, the header 3: it is parted by ';', the header by ','"
    assert batch.inputs.errors == [FieldError(0, "", message)]


def test_a_bad_row_between_semicolons_spoils_no_other() -> None:
    batch = read_batch('rm;tax;age\n6;"250;66,5\n6;250;66,5;\n6;250;66,5\n')
    assert [error.message for error in batch.inputs.errors] == [
        "has a quote without an end",
        "has 4 columns, the header 3",
    ]
    assert batch.records == [b'"6;""250;66,5"', b"6;250;66,5", b"6;250;66,5"]
    assert batch.inputs.values[2].tolist() == ROW


def test_an_open_quote_in_a_long_file_spoils_its_own_row_alone() -> None:
    _, batches = read('rm,tax,age\n6,"250,66.5\n' + "6,250,66.5\n" * 120_000)
    assert batches[0].inputs.errors == [FieldError(0, "", "has a quote without an end")]
    assert not any(batch.inputs.errors for batch in batches[1:])
    rows = [row for batch in batches for row in batch.inputs.values.tolist()]
    assert rows[1:] == [ROW] * 120_000


def test_a_line_that_is_too_long_spoils_its_own_row_alone() -> None:
    _, batches = read("n,rm,tax,age\n" + "x" * (1 << 20) + ",6,250,66.5\ny,7,300,10\n")
    assert [error for batch in batches for error in batch.inputs.errors] == [
        FieldError(0, "", "is longer than 1048576 bytes")
    ]
    assert batches[-1].inputs.values[-1].tolist() == OTHER_ROW


def test_a_cell_of_many_lines_is_one_cell_however_long_it_is() -> None:
    note = "x" * 140_000 + "\n1,7,300,10\n" + "y\n" * 60_000
    _, batches = read(f'n,rm,tax,age\n"{note}",6,250,66.5\nz,7,300,10\n')
    assert [row for batch in batches for row in batch.inputs.values.tolist()] == [ROW, OTHER_ROW]
    assert [record for batch in batches for record in batch.records] == [f'"{note}",6,250,66.5'.encode(), b"z,7,300,10"]
    assert [line for batch in batches for line in batch.lines] == [2, 60_005]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", MalformedRequest, "the header: there is none"),
        ("\n\n", MalformedRequest, "the header: there is none"),
        ("rm,tax\n6,250\n", InvalidInput, "age: the column is missing; the columns, parted by ',', are rm, tax"),
        ("rm;tax\n6;250\n", InvalidInput, "age: the column is missing; the columns, parted by ';', are rm, tax"),
        ("a b c\n6 250 66.5\n", InvalidInput, "the columns, parted by ',', are a b c"),
        ("sep=;\nrm,tax,age\n", InvalidInput, "the columns, parted by ';', are rm,tax,age"),
        ("rm,tax;age\n6,250;66.5\n", MalformedRequest, "the header: it can be parted by ',' and by ';'"),
        ("PK\x03\x04", MalformedRequest, "the header: this is a workbook or another zip file: save it as CSV"),
        ("rm,tax,age,rooms\n6,250,66.5,6\n", InvalidInput, "rm: the column appears twice"),
        ("rm,tax,age" + ",rooms" * 100_000 + "\n6,250,66.5\n", MalformedRequest, "has 100003 columns: send at most"),
        ('rm,"tax"x,age\n6,250,66.5\n', MalformedRequest, "the header: has text behind the end of a quote"),
        ("rm,tax,age\n" + "6" * 1_100_000, MalformedRequest, "a line from line 2 on is longer than 1048576 bytes"),
        ('note,"rm,tax,age\n' + "x\n" * 600_000, MalformedRequest, "the header: has a quote without an end"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_table_is_refused(text: str, kind: type[ServingError], message: str) -> None:
    with pytest.raises(kind) as caught:
        read(text)
    assert message in caught.value.message


def test_a_file_in_another_encoding_is_told_so_in_its_header_and_in_its_texts() -> None:
    with pytest.raises(
        InvalidInput, match=r"district: the column is missing; .*; they are not UTF-8: save the file as"
    ):
        read("Räume,Höhe\n4,5\n".encode("cp1252"), FLAT)
    batch = read_batch("district,balcony\nHöchst,zwölf\n".encode("cp1252"), FLAT)
    expected = "expected one of 'without', 'with', true, false; it is not UTF-8: save the file as UTF-8"
    assert [(error.input, error.message) for error in batch.inputs.errors] == [
        ("balcony", rf"'zw\udcf6lf' is not known: {expected}")
    ]
    (warning,) = batch.inputs.warnings
    assert warning.message.endswith("taken as 'elsewhere'; it is not UTF-8: save the file as UTF-8")


def test_open_quotes_in_every_line_are_not_read_again_and_again() -> None:
    start = time.process_time()
    with pytest.raises(MalformedRequest, match="has a quote without an end, like many lines before"):
        read("rm,tax,age\n" + 'a","\n' * 100_000)
    assert time.process_time() - start < 20  # it would take minutes


@pytest.mark.parametrize(
    "text",
    [
        'rooms,district,balcony\n3.5,"Nordend, West",with\n,Höchst,\n',
        'balcony,district,Number of rooms,note\nTRUE,"Nordend, West",3.5,x\n, Höchst ,,\n',
        'rooms,district,balcony\r\n 3.5 ,"Nordend, West",1\r\n" ",Höchst," "\r\n',
        "rooms;district;balcony\n3,5;Nordend, West;yes\n;Höchst;\n",
        'sep=;\nrooms;district;balcony\n"3,5";" Nordend, West";true\n;Höchst\t;\n',
        "rooms\tdistrict\tbalcony\r3,5\tNordend, West\tTrue\r\tHöchst\t",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_texts_and_empty_cells_are_read_alike_however_a_file_is_written(text: str, encoding: str) -> None:
    _, batches = read(text.encode(encoding), FLAT)
    values = np.concatenate([batch.inputs.values for batch in batches])
    assert [error for batch in batches for error in batch.inputs.errors] == []
    assert np.array_equal(values, [[3.5, 1, 1], [np.nan, 3, np.nan]], equal_nan=True)


def test_a_column_of_an_input_that_may_be_missing_may_be_missing() -> None:
    batch = read_batch("district\nHöchst\nFoo\n", FLAT)
    assert not batch.inputs.errors
    assert np.array_equal(batch.inputs.values, [[np.nan, 3, np.nan], [np.nan, 0, np.nan]], equal_nan=True)
    message = "'Foo' is not known to this version: taken as 'elsewhere'"
    assert list(batch.inputs.warnings) == [FieldError(1, "district", message, "other")]
    numbers = JsonDecoder(replace(FLATS, inputs=(FLATS.inputs[0], *HOUSES.inputs[1:])), 10_000)
    batch = read_batch("age,tax\n66.5,250\n10,300\n", numbers)
    assert np.array_equal(batch.inputs.values, [[np.nan, 250, 66.5], [np.nan, 300, 10]], equal_nan=True)


@pytest.mark.parametrize("text", ["rooms,balcony\n4,with\n", "x\n4\n"])
def test_a_file_without_a_needed_column_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="district: the column is missing") as caught:
        read(text, FLAT)
    assert [error.input for error in caught.value.errors] == ["district"]


def test_a_file_with_none_of_the_inputs_is_refused_where_each_may_be_missing() -> None:
    optional = JsonDecoder(replace(FLATS, inputs=(FLATS.inputs[0], FLATS.inputs[2])), 10_000)
    with pytest.raises(InvalidInput, match="rooms: the column is missing"):
        read("4,with\n5,without\n", optional)


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("4,,with", "district", "is missing"),
        ("x,Höchst,with", "rooms", 'expected a number, not the text "x"'),
        ("null,Höchst,with", "rooms", 'expected a number, not the text "null"'),
        ("1e999,Höchst,with", "rooms", "is too large to be a number here"),
        ("4,Höchst,maybe", "balcony", "'maybe' is not known: expected one of 'without', 'with', true, false"),
        ("4,Höchst", "", "has 2 columns, the header 3"),
        ('4,"Höchst,with', "", "has a quote without an end"),
        ("4,5,Höchst,with", "", "has 4 columns, the header 3"),
    ],
)
def test_an_error_among_texts_spoils_no_other_row(row: str, column: str, message: str) -> None:
    batch = read_batch(f"rooms,district,balcony\n,Höchst,with\n{row}\n4,Foo,\n", FLAT)
    assert batch.inputs.errors == [FieldError(1, column, message)]
    assert np.array_equal(batch.inputs.values[[0, 2]], [[np.nan, 3, 1], [4, 0, np.nan]], equal_nan=True)
    assert [warning.row for warning in batch.inputs.warnings] == [2]


def test_texts_with_commas_say_nothing_of_the_decimal_mark_of_the_numbers() -> None:
    batch = read_batch('rooms,district,balcony\n4,"3,5",with\n5,"7,25",with\n', FLAT)
    assert not batch.inputs.errors
    batch = read_batch("rooms;district\n4,5;3.5\n5,5;7.25\n", FLAT)
    assert (list(batch.inputs.errors), batch.inputs.values[:, 0].tolist()) == ([], [4.5, 5.5])
    assert [warning.message[:6] for warning in batch.inputs.warnings] == ["'3.5' ", "'7.25'"]


def test_a_text_is_what_it_is_whatever_bytes_it_has() -> None:
    texts = [b"=1+1", b"a\x00b", b"M\xfcnchen", "😀".encode(), b"x" * 10_000, b"6", b"6.50", b"null", b"true"]
    batch = read_batch(b"district\n" + b"\n".join(texts) + b'\n"two\nlines, ""quoted"""\n', FLAT)
    assert not batch.inputs.errors
    assert batch.inputs.values[:, 1].tolist() == [0] * 10
    assert len(batch.inputs.warnings) == 10
    assert all(warning.message.isprintable() for warning in batch.inputs.warnings)
