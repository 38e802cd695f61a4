"""``/invocations`` and its health routes: what MLflow's and SageMaker's clients send."""

from __future__ import annotations

import pytest

from app.settings import VERSION
from tests.app.conftest import Service
from tests.app.requests import PREDICTION

MEMBERS = ("error_code", "message")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[[6, 250, 66.5]]", "the body: expected an object, not a list"),
        ("{}", "exactly one of dataframe_split, dataframe_records, instances, inputs"),
        ('{"instances": [[1]], "inputs": [[1]]}', "not instances and inputs"),
        ('{"instances": [[6, 250, 66.5]', "the body is not JSON"),
        ('{"dataframe_split": [[6, 250, 66.5]]}', "dataframe_split: expected an object"),
        ('{"dataframe_split": {"columns": ["rm", "tax", "age"]}}', "dataframe_split: data is missing"),
        ('{"dataframe_split": {"columns": [1, 2, 3], "data": [[6, 250, 66.5]]}}', "expected a list of names"),
        ('{"dataframe_split": {"columns": ["rm", "tax"], "data": [[6, 250]]}}', "age: is missing"),
        ('{"dataframe_split": {"columns": ["rm", "rm", "tax", "age"], "data": [[6, 6, 250, 1]]}}', "rm: appears twice"),
        ('{"dataframe_split": {"columns": ["rm", "tax", "age"], "data": [[6, 250]]}}', "(rm, tax, age), got 2"),
        ('{"dataframe_split": {"columns": [], "data": [[]]}}', "columns: there is no row"),
        ('{"dataframe_records": []}', "there is no row"),
        ('{"dataframe_records": [{"rm": 6, "tax": 250, "age": 1}, {"rm": 6}]}', "row 1: tax: is missing"),
        ('{"instances": [[6, 2500, 66.5]]}', "tax: 2500 lies outside the limits"),
        ('{"instances": [[6, 250, 66.5]], "params": 1}', "params: expected an object"),
    ],
)  # fmt: skip
def test_bad_json_is_a_bad_request_without_a_stack_trace(service: Service, body: str, message: str) -> None:
    reply = service.post("/invocations", data=body, content_type="application/json")
    service.check_error(reply, 400, message, *MEMBERS)
    assert reply.json["error_code"] == "BAD_REQUEST"


def test_csv_from_a_spreadsheet_is_read(service: Service) -> None:
    reply = service.post("/invocations", data="rm;tax;age\r\n6;250;66,5\r\n".encode("utf-16"), content_type="text/csv")
    assert reply.json == {"predictions": [PREDICTION]}


@pytest.mark.parametrize("body", ["", "rm,tax,age\n", "rm,tax\n6,250\n", "rm,tax,age\n6,250,x\n"])
def test_bad_csv_is_a_bad_request(service: Service, body: str) -> None:
    reply = service.post("/invocations", data=body, content_type="text/csv")
    assert (reply.status_code, reply.json["error_code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/json; charset=latin-1", "text/csv; charset=x"])
def test_another_type_or_charset_is_415(service: Service, content_type: str) -> None:
    reply = service.post("/invocations", data=b'{"instances": [[6, 250, 66.5]]}', content_type=content_type)
    service.check_error(reply, 415, "send ", *MEMBERS)


def test_an_implausible_output_is_an_internal_error(service: Service) -> None:
    reply = service.post("/invocations", json={"instances": [[1, 2000, 100]]})
    assert (reply.status_code, reply.json["error_code"]) == (500, "INTERNAL_ERROR")


def test_health_is_an_empty_line_and_404_without_a_model(service: Service, empty_service: Service) -> None:
    for path in ("/ping", "/health"):
        assert (service.get(path).status_code, service.get(path).data) == (200, b"\n")
    assert empty_service.get("/ping").status_code == 404
    reply = empty_service.post("/invocations", json={"instances": [[6, 250, 66.5]]})
    assert (reply.status_code, reply.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


def test_the_version_is_bare_text(service: Service) -> None:
    assert service.get("/version").text == VERSION


def test_a_reply_to_another_method_names_the_allowed_ones(service: Service) -> None:
    reply = service.get("/invocations")
    message = "/invocations takes OPTIONS, POST, not GET"
    assert (reply.status_code, reply.json) == (405, {"error_code": "BAD_REQUEST", "message": message})
    assert reply.headers["Allow"] == "OPTIONS, POST"


def test_texts_and_missing_values_come_in_every_layout(flats: Service) -> None:
    for body in (
        {"dataframe_split": {"columns": ["town", "district"], "index": [0], "data": [["Nahant", "Höchst"]]}},
        {"dataframe_records": [{"district": "Höchst", "Number of rooms": None, "town": "Nahant"}]},
        {"inputs": {"district": ["Höchst"], "balcony": [None], "town": ["Nahant"]}},
    ):
        reply = flats.post("/invocations", json=body)
        assert reply.status_code == 200, reply.text
    rows = flats.new_rows("predictions")
    assert {(row["rooms"], row["district"], row["balcony"]) for row in rows} == {("", "Höchst", "")}
    assert len(rows) == 3


def test_a_text_that_is_not_known_is_a_bad_request(flats: Service) -> None:
    body = {"dataframe_records": [{"district": "Höchst", "balcony": "maybe"}]}
    flats.check_error(
        flats.post("/invocations", json=body), 400, "balcony: 'maybe' is not known", "error_code", "message"
    )
