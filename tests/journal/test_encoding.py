"""One row, one line; and what was written reads back."""

from __future__ import annotations

import csv
import io
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from journal import (
    REQUEST_COLUMNS,
    LogReader,
    encode_predictions,
    encode_request,
    prediction_columns,
)
from journal.encoding import _escape_body, escape_field, unescape_field
from journal.timestamps import timestamp

NOW = timestamp(datetime(2026, 11, 23, 18, 42, 1, 5, tzinfo=UTC))


def read(path: Path, columns: tuple[str, ...], rows: bytes) -> list[dict[str, str]]:
    path.write_bytes((",".join(columns) + "\n").encode() + rows)
    return list(LogReader(path))


@settings(max_examples=200)
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_and_any_bytes_are_one_printable_field_that_reads_back(text: str) -> None:
    written = escape_field(text)
    assert written.isprintable() or all(ord(c) > 0x9F for c in written if not c.isprintable())
    (parsed,) = list(csv.reader([written], strict=True)) or [[""]]
    assert unescape_field("".join(parsed)) == text
    assert len(parsed) <= 1


@settings(max_examples=300)
@given(
    st.binary()
    | st.text().map(str.encode)
    | st.lists(st.sampled_from(["ö", "€", "\x00", "\x85", "\u2028", "\n", '"', "\\", "=", "'", ","])).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_any_body_is_one_printable_field_that_reads_back_exactly(body: bytes) -> None:
    written = _escape_body(body)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", written)
    (parsed,) = list(csv.reader([written], strict=True)) or [[""]]
    assert unescape_field("".join(parsed)) == body.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("body", [b"\x00\x1b", b"\xff\xfe", b"\\\n", b'"', "\x85\u2028".encode(), "£\n".encode(), b"'"])
def test_no_body_takes_more_than_a_quarter_of_a_microsecond_for_a_byte(body: bytes) -> None:
    body *= 1_000_000 // len(body)
    started = time.process_time()
    _escape_body(body)
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("zwölf €\r\n".encode(), r"zwölf €\r\n"),
        ("zwölf\x00".encode(), r"zw\xc3\xb6lf\x00"),
        (b"a\xff", r"a\xff"),
        (b"a\x07\tb", r"a\x07\tb"),
    ],
)
def test_a_body_stays_readable_if_it_is_text(body: bytes, written: str) -> None:
    assert _escape_body(body) == written


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-1"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_guarded(text: str) -> None:
    assert escape_field(text).lstrip('"').startswith("'")
    assert unescape_field(next(csv.reader([escape_field(text)]))[0]) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\nb", r"a\nb"),
        ("a\x00\x1b[31m", r"a\x00\x1b[31m"),
        ("a\u2028\x85", r"a\u2028\u0085"),
        ("a\\nb", r"a\\nb"),
        ('say "hi", you', '"say ""hi"", you"'),
        ("zwölf €", "zwölf €"),
        ("a\udcff", r"a\xff"),
    ],
)
def test_control_characters_and_quotes_are_escaped(text: str, written: str) -> None:
    assert escape_field(text) == written


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.just(4)), elements={"allow_nan": False, "allow_infinity": False})
)
def test_numbers_read_back_as_the_same_float32(array: NDArray[np.float32]) -> None:
    block = encode_predictions(NOW, "id", "boston", 3, "champion", array[:, :3], array[:, 3]).decode()
    lines = [line.split(",") for line in block.splitlines()]
    assert [line[2] for line in lines] == [str(row) for row in range(len(array))]
    again = np.array([line[6:10] for line in lines], dtype=np.float32)
    assert again.tobytes() == array.tobytes()


def test_predictions_that_are_no_numbers_are_written_as_such(tmp_path: Path) -> None:
    rows = np.zeros((3, 1), dtype=np.float32)
    predictions = np.array([np.nan, np.inf, -np.inf], dtype=np.float32)
    block = encode_predictions(NOW, "id", "m", 1, "champion", rows, predictions, ["a", "b", "=c"])
    read_back = read(tmp_path / "predictions-2026-11-23.csv", prediction_columns(["x"]), block)
    assert [row["prediction"] for row in read_back] == ["nan", "inf", "-inf"]
    assert [row["flags"] for row in read_back] == ["a", "b", "=c"]


@pytest.mark.parametrize("body", [b'{"rm": 6, "x": "\xff"}\r\n', b'"' * (1 << 20)], ids=["not UTF-8", "a mebibyte"])
def test_a_request_row_reads_back(tmp_path: Path, body: bytes) -> None:
    fields = {"time": NOW, "request_id": "id", "client": "::1", "method": "POST", "path": "/p?a=1,2"}
    row = encode_request(**fields, content_type="text/csv", status=422, duration_ms=1.25, error="x: 'y'", body=body)
    (back,) = read(tmp_path / "requests-2026-11-23.csv", REQUEST_COLUMNS, row)
    assert back["body"].encode("utf-8", "surrogateescape") == body
    assert (back["status"], back["duration_ms"], back["path"], back["error"]) == ("422", "1.250", "/p?a=1,2", "x: 'y'")
    assert back["time"] == "2026-11-23T18:42:01.000005Z"


TEXTS = {0: {-13.0: ""}, 1: {0.0: "else, where", 1.0: 'the "old"\n=town', 2.0: "=1+1", 3.0: ""}}
FINITE = st.floats(-1e6, 1e6, width=32)


@given(st.lists(st.tuples(FINITE | st.just(-13), st.sampled_from([0, 1, 2, 3]), FINITE, FINITE), min_size=1))
def test_a_value_that_has_a_text_is_written_as_this_text(rows: list[tuple[float, ...]]) -> None:
    table = np.array(rows, dtype=np.float32)
    block = encode_predictions(NOW, "id", "m", 1, "champion", table[:, :3], table[:, 3], texts=TEXTS).decode()
    plain = encode_predictions(NOW, "id", "m", 1, "champion", table[:, :3], table[:, 3]).decode()
    read_back = list(csv.reader(io.StringIO(block), strict=True))
    for cells, numbers, row in zip(read_back, csv.reader(io.StringIO(plain)), rows, strict=True):
        assert unescape_field(cells[7]) == TEXTS[1][row[1]]
        assert cells[6] == ("" if row[0] == -13 else numbers[6])
        assert [*cells[:6], *cells[8:]] == [*numbers[:6], *numbers[8:]]


@given(st.floats(width=32) | st.just(-13), st.sampled_from([0, 1, 2, 3]), st.floats(width=32), st.booleans())
def test_one_row_is_written_as_the_first_of_several(
    first: float, code: int, prediction: float, has_texts: bool
) -> None:
    rows, predictions = np.array([[first, code]] * 2, dtype=np.float32), np.array([prediction] * 2, dtype=np.float32)
    texts = TEXTS if has_texts else None
    alone = encode_predictions(NOW, "id", "m", 1, "champion", rows[:1], predictions[:1], texts=texts)
    both = encode_predictions(NOW, "id", "m", 1, "champion", rows, predictions, texts=texts)
    assert both == alone + alone.replace(b"id,0,", b"id,1,")


def test_a_text_beside_a_prediction_that_is_no_number_is_written() -> None:
    rows, predictions = np.array([[0, 1], [4, 2]], dtype=np.float32), np.array([np.nan, 1], dtype=np.float32)
    texts = {1: {1.0: "a", 2.0: ""}}
    lines = encode_predictions(NOW, "id", "m", 1, "champion", rows, predictions, ["x", ""], [4, 7], texts).decode()
    assert [line.split(",")[2:] for line in lines.splitlines()] == [
        ["4", "m", "1", "champion", "0.0", "a", "nan", "x"],
        ["7", "m", "1", "champion", "4.0", "", "1.0", ""],
    ]
