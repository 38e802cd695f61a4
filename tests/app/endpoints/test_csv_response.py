"""The two forms of a reply to a CSV file: the client's own text with three columns more, and JSON."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.app.endpoints.csv_files import read_rows, send
from tests.app.requests import PREDICTION


@pytest.mark.parametrize(
    "text",
    [
        "\ufefftown,rm,tax,age\r\n\"Nahant, MA\",6,250,66.5\r\nLynn,7,300,10\r\n",
        'note,rm,tax,age\n"two\nlines, ""quoted""",6,250,66.5\n\n\nx,7,300,10\n\n',
        "rm,tax,age\n6,250,66.5\n7,300,10",
    ],
)  # fmt: skip
def test_what_was_sent_comes_back_as_it_was(shared_client: FlaskClient, text: str) -> None:
    reply = send(shared_client, text)
    assert [row["prediction"] for row in read_rows(reply)] == ["23.505", "32.7"]
    lines, lines_back = (
        [line for line in content.replace("\r\n", "\n").split("\n") if line] for content in (text, reply.text)
    )
    for line, line_back in zip(lines, lines_back, strict=True):
        assert line_back.startswith(line)
    assert reply.text.count("\r\n") == text.count("\r\n")


def test_bytes_that_are_no_text_come_back_as_they_are(shared_client: FlaskClient) -> None:
    reply = send(shared_client, b"town,rm,tax,age\nM\xfcnchen\x00,6,250,66.5\n")
    assert reply.data.splitlines()[1] == b"M\xfcnchen\x00,6,250,66.5,23.505,,"


def test_a_record_that_is_no_csv_comes_back_as_the_text_of_one_column(shared_client: FlaskClient) -> None:
    _, row = read_rows(send(shared_client, 'rm,tax,age\n6,250,66.5\n6,"250,66.5\n'))
    assert (row["rm"], row["tax"], row["prediction"]) == ('6,"250,66.5', "", "")
    assert row["error"] == "line 3: has a quote without an end"


def test_the_json_has_an_element_for_each_row_and_its_problems(shared_client: FlaskClient) -> None:
    text = "rm,tax,age\n6,250,66.5\n6,x,1\n\n7,800,10\n"
    reply = send(shared_client, text, Accept="application/json").json
    assert reply["predictions"] == [PREDICTION, None, pytest.approx(27.7, abs=1e-5)]
    assert reply["warnings"] == [[], [], ["tax: 800 lies outside the training range 187-711"]]
    message = 'expected a number, not the text "x"'
    assert reply["problems"] == [{"row": 1, "line": 3, "input": "tax", "message": message}]
    assert (reply["success"], reply["model"], reply["version"]) == (True, "boston", 1)


def test_a_column_that_only_the_csv_would_add_may_stand_in_a_file_answered_in_json(
    shared_client: FlaskClient,
) -> None:
    reply = send(shared_client, "rm,tax,age,error\n6,250,66.5,1\n", Accept="application/json")
    assert reply.json["predictions"] == [PREDICTION]
