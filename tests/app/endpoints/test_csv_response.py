"""The two forms of a reply to a CSV file: the client's own text with three columns more, and JSON."""

from __future__ import annotations

import pytest

from tests.app.conftest import Service
from tests.app.requests import PREDICTION, send_csv


def test_what_was_sent_comes_back_byte_by_byte_with_three_columns_more(service: Service) -> None:
    records = {
        b'"M\xfcnchen\x00, ""BY""",6,250,66.5': b",23.505,,",
        b'"two\nlines",7,300,10': b",32.7,,",
        b"short,6": b',,,,,"line 6: has 2 columns, the header 4"',
        b"x,6,a,1": b',,,"line 7, column tax: expected a number, not the text ""a"""',
        b"y,6,800,66.5": b',18.005,"tax: 800 lies outside the training range 187-711",',
    }
    end = b"\r\n"
    text = end.join([b"\xef\xbb\xbftown,rm,tax,age", b"", *records, b""])
    lines = [record + added for record, added in records.items()]
    expected = end.join([b"\xef\xbb\xbftown,rm,tax,age,prediction,warnings,error", *lines, b""])
    assert send_csv(service, text).data == expected


def test_the_json_has_an_element_for_each_row_and_its_problems(service: Service) -> None:
    text = "rm,tax,age,error\n6,250,66.5,1\n6,x,1,2\n\n7,800,10,3\n"  # a column that only the CSV would add
    reply = send_csv(service, text, Accept="application/json").json
    assert reply["predictions"] == [PREDICTION, None, pytest.approx(27.7, abs=1e-5)]
    assert reply["warnings"] == [[], [], ["tax: 800 lies outside the training range 187-711"]]
    message = 'expected a number, not the text "x"'
    assert reply["problems"] == [{"row": 1, "line": 3, "input": "tax", "message": message}]
    assert (reply["success"], reply["model"], reply["version"]) == (True, "boston", 1)
