"""``/predict_csv``: the same file comes back with predictions, bad rows are told apart, and every row is in the log."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.settings import Settings
from tests.app.requests import logged

PLAIN = "rm,tax,age\n6,250,66.5\n7,300,10\n"
ADDED = ["prediction", "warnings", "error"]


def send(client: FlaskClient, text: str | bytes, query: str = "", **headers: str) -> TestResponse:
    return client.post(f"/predict_csv{query}", data=text, content_type="text/csv", headers=headers)


def rows(reply: TestResponse) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    csv.field_size_limit(1 << 22)
    return list(csv.DictReader(io.StringIO(reply.data.decode("utf-8", "surrogateescape"), newline="")))


def test_the_file_comes_back_with_three_columns_more(client: FlaskClient, settings: Settings) -> None:
    reply = send(client, PLAIN, **{"X-Request-ID": "bulk"})
    assert reply.text == "rm,tax,age,prediction,warnings,error\n6,250,66.5,23.505,,\n7,300,10,32.7,,\n"
    assert reply.content_type == "text/csv; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(reply.data))
    assert reply.headers["X-Model-Version"] == "1"
    first, second = logged(settings, "predictions")
    assert [first[name] for name in ("request_id", "row", "rm", "prediction")] == ["bulk", "0", "6.0", "23.505"]
    assert second["row"] == "1"
    (request,) = logged(settings, "requests")
    assert (request["request_id"], request["status"], request["error"]) == ("bulk", "200", "")
    assert request["body"] == f"text/csv, {len(PLAIN)} bytes, SHA-256 {hashlib.sha256(PLAIN.encode()).hexdigest()}"


@pytest.mark.parametrize(
    "text",
    [
        "age,rooms,tax\n66.5,6,250\n10,7,300\n",
        "town,rm,tax,age\n\"Nahant, MA\",6,250,66.5\nLynn,7,300,10\n",
        "rm,tax,age\r\n6,250,66.5\r\n7,300,10\r\n",
        "rm,tax,age\n6,250,66.5\n7,300,10",
        "\ufeffrm,tax,age\n6,250,66.5\n7,300,10\n",
        '"rm", tax ,age\n"6",250 ,+66.50\n7.,3e2,010\n',
        'note,rm,tax,age\n"two\nlines, ""quoted""",6,250,66.5\n\n\nx,7,300,10\n\n',
        "id,rm,tax,age\n1,6,250,66.5\n2,7,300,10\n",
    ],
)  # fmt: skip
def test_order_names_further_columns_and_ends_of_lines_make_no_difference(client: FlaskClient, text: str) -> None:
    reply = send(client, text)
    assert [row["prediction"] for row in rows(reply)] == ["23.505", "32.7"]
    given = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    back = [line for line in reply.text.replace("\r\n", "\n").split("\n") if line]
    for sent, got in zip(given, back, strict=True):
        assert got.startswith(sent)
    assert ("\r\n" in reply.text) == ("\r\n" in text)


def test_bytes_that_are_no_text_go_through_as_they_are(client: FlaskClient) -> None:
    reply = send(client, b"town,rm,tax,age\nM\xfcnchen\x00,6,250,66.5\n")
    assert reply.data.splitlines()[1] == b"M\xfcnchen\x00,6,250,66.5,23.505,,"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("6,abc,66.5", 'line 3, column tax: expected a number, not the text "abc"'),
        ("6,,66.5", "line 3, column tax: is missing"),
        ("6,nan,66.5", 'line 3, column tax: expected a number, not the text "nan"'),
        ("6,1_0,66.5", 'line 3, column tax: expected a number, not the text "1_0"'),
        ("6,1e999,66.5", "line 3, column tax: is too large to be a number here"),
        ("6,2500,66.5", "line 3, column tax: 2500 lies outside the limits 0 to 2000"),
        ("1,2000,100", "line 3: the model's output -35 is not plausible for medv: expected 0 to 100"),
        ("6,250", "line 3: has 2 columns, the header 3"),
        ("6,250,66.5,1", "line 3: has 4 columns, the header 3"),
        ('6,"2"5,66.5', "line 3: has text behind the end of a quote"),
        ("[6],250,66.5", 'line 3, column rm: expected a number, not the text "[6]"'),
        ('"6,250",66.5,', 'line 3, column rm: expected a number, not the text "6,250"'),
    ],
)
def test_a_bad_row_is_told_at_its_line_and_spoils_no_other(
    client: FlaskClient, settings: Settings, row: str, error: str
) -> None:
    text = f"rm,tax,age\n6,250,66.5\n{row}\n7,300,10\n"
    first, bad, last = rows(send(client, text))
    assert (first["prediction"], last["prediction"]) == ("23.505", "32.7")
    assert (bad["prediction"], bad["error"]) == ("", error)
    answered = [line["row"] for line in logged(settings, "predictions") if not line["flags"].endswith("implausible")]
    assert answered == ["0", "2"]
    assert logged(settings, "requests")[0]["error"] == f"1 of 3 rows have no prediction; {error}"
    strict = send(client, text, "?strict=1")
    assert strict.status_code == (500 if "plausible" in error else 422)
    assert strict.json["error"].removesuffix(" (and 1 more)") == error
    assert strict.json["problems"][0]["row"] == 1
    assert send(client, PLAIN, "?strict=1").status_code == 200


@pytest.mark.parametrize(
    ("bad", "good", "error"),
    [
        ('6,"250,66.5', 2, "line 3: has a quote without an end"),
        ('"6,250,66.5', 2, "line 3: has a quote without an end"),
        ("6,250\r,66.5", 2, "line 3: has a carriage return within it"),
        ('6,"250"x,66.5', 2, "line 3: has text behind the end of a quote"),
    ],
)
def test_a_record_that_is_no_csv_swallows_no_other_and_comes_back_as_csv(
    client: FlaskClient, bad: str, good: int, error: str
) -> None:
    reply = send(client, f"rm,tax,age\n6,250,66.5\n{bad}\n7,300,10\n7,300,10\n")
    first, second, *others = csv.DictReader(io.StringIO(reply.text, newline=""))
    assert [row["prediction"] for row in (first, *others)] == ["23.505", "32.7", "32.7"]
    assert (second["rm"], second["tax"], second["prediction"], second["error"]) == (bad, "", "", error)


@pytest.mark.slow
def test_a_quote_that_is_left_open_in_a_long_file_spoils_its_own_row_alone(client: FlaskClient) -> None:
    found = rows(send(client, 'rm,tax,age\n6,"250,66.5\n' + "6,250,66.5\n" * 120_000))
    assert found[0]["error"] == "line 2: has a quote without an end"
    assert {row["prediction"] for row in found[1:]} == {"23.505"}
    assert len(found) == 120_001


def test_a_line_that_is_too_long_spoils_its_own_row_alone(client: FlaskClient) -> None:
    found = rows(send(client, "n,rm,tax,age\n" + "x" * (1 << 20) + ",6,250,66.5\ny,7,300,10\n"))
    assert [(row["prediction"], row["error"]) for row in found] == [
        ("", "line 2: is longer than 1048576 bytes"), ("32.7", "")
    ]  # fmt: skip


def test_a_cell_of_many_lines_is_one_cell_however_long_it_is(client: FlaskClient, settings: Settings) -> None:
    note = "x" * 140_000 + "\n1,7,300,10\n" + "y\n" * 60_000
    text = f'n,rm,tax,age\n"{note}",6,250,66.5\nz,7,300,10\n'
    found = rows(send(client, text))
    assert [(row["n"], row["prediction"], row["error"]) for row in found] == [(note, "23.505", ""), ("z", "32.7", "")]
    assert len(logged(settings, "predictions")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/predict_csv", "/invocations"])
@pytest.mark.parametrize(
    "text",
    [
        "rm,tax,age\n" + "1\n" * 100_000,
        "rm,tax,age" + ",a" * 990 + "\n" + "1\n" * 100_000,
        "rm,tax,age\n" + '"\n' * 100_000,
    ],
)
def test_rows_without_their_columns_take_no_memory(client: FlaskClient, path: str, text: str) -> None:
    client.post(path, data=PLAIN, content_type="text/csv").close()
    tracemalloc.start()
    reply = client.post(path, data=text, content_type="text/csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reply.status_code == (200 if path == "/predict_csv" else 413)
    reply.close()
    assert peak < 30e6


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/predict_csv", "/invocations"])
def test_quotes_that_are_all_left_open_are_not_read_again_and_again(client: FlaskClient, path: str) -> None:
    start = time.process_time()
    reply = client.post(path, data="rm,tax,age\n" + 'a","\n' * 100_000, content_type="text/csv")
    assert time.process_time() - start < 20  # it would take minutes
    message = reply.json["error" if path == "/predict_csv" else "message"]
    assert (reply.status_code, "has a quote without an end, like many lines before" in message) == (400, True)


def test_a_reply_that_outgrows_its_bound_is_refused(make_app: Callable[..., Flask], settings: Settings) -> None:
    client = make_app(max_upload=10_000).test_client()
    reply = send(client, "rm,tax,age\n" + "1\n" * 4000)
    assert (reply.status_code, reply.json["error"]) == (
        413, "the reply would have more than 80000 bytes: send a part of the file at a time"
    )  # fmt: skip


def test_a_value_outside_the_training_range_has_a_warning(client: FlaskClient, settings: Settings) -> None:
    (row,) = rows(send(client, "rm,tax,age\n6.575,800,0\n"))
    assert row["warnings"] == (
        "tax: 800 lies outside the training range 187-711; age: 0 lies outside the training range 2.5-100"
    )
    assert logged(settings, "predictions")[0]["flags"] == "tax:outside_training age:outside_training"


def test_json_is_given_to_who_asks_for_it(client: FlaskClient) -> None:
    text = "rm,tax,age\n6,250,66.5\n6,x,1\n\n7,800,10\n"
    reply = send(client, text, Accept="application/json").json
    assert reply["predictions"] == [pytest.approx(23.505, abs=1e-5), None, pytest.approx(27.7, abs=1e-5)]
    assert reply["warnings"] == [[], [], ["tax: 800 lies outside the training range 187-711"]]
    message = 'expected a number, not the text "x"'
    assert reply["problems"] == [{"row": 1, "line": 3, "input": "tax", "message": message}]
    assert (reply["success"], reply["model"], reply["version"]) == (True, "boston", 1)


def test_a_column_that_only_the_csv_would_add_is_in_nobodys_way_in_json(client: FlaskClient) -> None:
    reply = send(client, "rm,tax,age,error\n6,250,66.5,1\n", Accept="application/json")
    assert reply.json["predictions"] == [pytest.approx(23.505, abs=1e-5)]


def test_a_file_without_a_good_row_is_answered_too(client: FlaskClient, settings: Settings) -> None:
    reply = send(client, "rm,tax,age\nx,1,2\n", Accept="application/json")
    assert (reply.status_code, reply.json["version"], reply.json["predictions"]) == (200, 1, [None])
    assert reply.headers["X-Model-Version"] == "1"
    assert logged(settings, "predictions") == []


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ("", 400, "the header: there is none"),
        ("\n\n", 400, "the header: there is none"),
        ("rm,tax,age\n", 400, "there is no row behind the header"),
        ("rm,tax\n6,250\n", 422, "age: the column is missing; the columns are rm, tax"),
        ("rm;tax;age\n6;250;66.5\n", 422, "the columns are rm;tax;age"),
        ("rm,tax,age,rooms\n6,250,66.5,6\n", 422, "rm: the column appears twice"),
        (
            "rm,tax,age" + ",rooms" * 100_000 + "\n6,250,66.5\n",
            400,
            "the header: has 100003 columns: send at most 1000",
        ),
        ("rm,tax,age,prediction\n6,250,66.5,1\n", 422, "prediction: this column is added by the reply"),
        ('rm,"tax"x,age\n6,250,66.5\n', 400, "the header: has text behind the end of a quote"),
        ("rm,tax,age\n" + "6" * 1_100_000, 400, "a line from line 2 on is longer than 1048576 bytes"),
        ('note,"rm,tax,age\n' + "x\n" * 600_000, 400, "the header: has a quote without an end"),
    ],
)
def test_what_is_no_table_is_refused(
    client: FlaskClient, settings: Settings, text: str, status: int, error: str
) -> None:
    reply = send(client, text)
    assert (reply.status_code, reply.json["success"]) == (status, False)
    assert error in reply.json["error"]
    (request,) = logged(settings, "requests")
    assert (request["status"], request["error"]) == (str(status), reply.json["error"])
    assert logged(settings, "predictions") == []


def test_types_queries_and_sizes_that_are_not_taken_are_refused(
    make_app: Callable[..., Flask], settings: Settings
) -> None:
    client = make_app(max_upload=39).test_client()
    assert client.post("/predict_csv", data=PLAIN, content_type="application/json").status_code == 415
    assert client.post("/predict_csv", data=PLAIN, content_type="text/csv; charset=latin-1").status_code == 415
    assert send(client, PLAIN, **{"Content-Encoding": "br"}).status_code == 415
    assert send(client, PLAIN, "?strict=yes").status_code == 400
    assert send(client, PLAIN, "?strict=0&strict=1").status_code == 400
    large = send(client, PLAIN + "7,300,10\n")
    assert (large.status_code, large.json["error"]) == (413, "the file is too large: send at most 39 bytes")
    assert client.get("/predict_csv").status_code == 405
    assert [row["status"] for row in logged(settings, "requests")] == ["415", "415", "415", "400", "400", "413"]


def test_many_blocks_are_one_table(client: FlaskClient, settings: Settings) -> None:
    lines = [f"{4 + number % 4},{200 + number % 500},{number % 90 + 5}" for number in range(60_000)]
    lines[31_234] = "x,1,1"
    found = rows(send(client, "rm,tax,age\n" + "\n".join(lines)))
    assert len(found) == 60_000
    assert [number for number, row in enumerate(found) if row["error"]] == [31_234]
    assert found[31_234]["error"].startswith("line 31236, column rm")
    log = logged(settings, "predictions")
    assert [int(row["row"]) for row in log] == [number for number in range(60_000) if number != 31_234]
    for row in log[::997]:
        assert found[int(row["row"])]["prediction"] == row["prediction"]


def test_the_page_sends_a_file_and_gets_one_back(client: FlaskClient, settings: Settings) -> None:
    assert 'enctype="multipart/form-data"' in client.get("/form_csv").text
    data = {"file": (io.BytesIO(PLAIN.encode()), "my homes (1).csv")}
    reply = client.post("/predict_csv", data=data, headers={"Accept": "text/html,*/*;q=0.8"})
    assert reply.headers["Content-Disposition"] == 'attachment; filename="my-homes-1-predicted.csv"'
    assert [row["prediction"] for row in rows(reply)] == ["23.505", "32.7"]
    assert logged(settings, "requests")[0]["body"].startswith("multipart/form-data, ")


@pytest.mark.parametrize("name", ["данные.csv", "...csv", ""])
def test_a_file_with_any_name_comes_back_as_a_download(client: FlaskClient, name: str) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + PLAIN.encode() + b"\r\n--x--\r\n"
    reply = client.post("/predict_csv", data=body, content_type="multipart/form-data; boundary=x")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="predicted.csv"'
    assert len(rows(reply)) == 2


def test_of_two_files_none_is_dropped_without_a_word(client: FlaskClient, settings: Settings) -> None:
    data = {"file": [(io.BytesIO(PLAIN.encode()), "a.csv"), (io.BytesIO(PLAIN.encode()), "b.csv")]}
    reply = client.post("/predict_csv", data=data)
    assert (reply.status_code, reply.json["error"]) == (400, "expected a form with one file, in the field file")
    assert logged(settings, "requests")[0]["body"].startswith("multipart/form-data, ")


@pytest.mark.parametrize("data", [{}, {"other": (io.BytesIO(b"x"), "a.csv")}, {"file": "text"}])
def test_a_form_without_its_file_is_refused_with_a_page(client: FlaskClient, data: Any) -> None:
    reply = client.post("/predict_csv", data=data, content_type="multipart/form-data", headers={"Accept": "text/html"})
    assert (reply.status_code, "expected a form with one file" in reply.text) == (400, True)


def test_a_log_that_fails_in_the_middle_is_503_and_no_row_counts_as_answered(
    make_app: Callable[..., Flask], settings: Settings
) -> None:
    blocks = 0

    def write(descriptor: int, data: bytes) -> int:
        nonlocal blocks
        if "predictions" in Path(f"/proc/self/fd/{descriptor}").resolve().name:
            blocks += 1
            if blocks == 3:
                raise OSError(28, "No space left on device")
        return os.write(descriptor, data)

    reply = send(make_app(write=write).test_client(), "rm,tax,age\n" + "6,250,66.5\n" * 100_000)
    assert reply.status_code == 503
    assert reply.json["error"] == "the log can't be written, so there is no answer: try again later"
    assert 0 < len(logged(settings, "predictions")) < 100_000
    assert [row["status"] for row in logged(settings, "requests")] == ["503"]


CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.floats(4, 8, width=32) | st.integers(4, 8)
ROWS = st.tuples(CELLS, NUMBERS, st.integers(200, 700), CELLS, st.floats(3, 99))


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    table=st.lists(st.tuples(CELLS, NUMBERS, st.integers(200, 700), CELLS, st.floats(3, 99)), min_size=1, max_size=8)
)
def test_any_table_comes_back_cell_by_cell_with_the_predictions_of_predict_json(
    client: FlaskClient, table: list[Any]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["a", "rm", "tax", "b", "age"])
    writer.writerows(table)
    back = list(csv.reader(io.StringIO(send(client, text.getvalue().encode()).data.decode(), newline="")))
    expected = client.post("/predict_json", data=orjson.dumps([[row[1], row[2], row[4]] for row in table]),
                           content_type="application/json").json["predictions"]  # fmt: skip
    assert back[0] == ["a", "rm", "tax", "b", "age", *ADDED]
    for sent, got, number in zip(table, back[1:], expected, strict=True):
        assert got[:5] == list(map(str, sent))
        assert float(got[5]) == number
