"""``POST /predict_json`` and the form's ``POST /predict_form``: the reply, and the rows in the logs."""

from __future__ import annotations

from typing import Any

import pytest

from app.http.audit_log import excerpt
from tests.app.conftest import Service
from tests.app.requests import IMPLAUSIBLE, PREDICTION, ROW, ask
from tests.bad_inputs import BAD, Bad


def test_one_row_gets_one_prediction(service: Service) -> None:
    reply = ask(service)
    assert reply.status_code == 200
    assert reply.json == {
        "success": True,
        "prediction": PREDICTION,
        "request_id": reply.headers["X-Request-ID"],
        "model": "boston",
        "version": 1,
        "warnings": [],
    }


def test_a_list_of_rows_gets_a_list_of_predictions_and_warnings(service: Service) -> None:
    reply = ask(service, [ROW, {"age": 10, "rooms": 7, "tax": 800}]).json
    assert reply["predictions"] == [PREDICTION, pytest.approx(27.7, abs=1e-5)]
    assert reply["warnings"] == [[], ["tax: 800 lies outside the training range 187-711"]]
    assert ask(service, [ROW]).json["predictions"] == [PREDICTION]


@pytest.mark.parametrize("columns", [{"rm": [6], "tax": [250], "age": [66.5]}, {"instances": [ROW]}])
def test_columns_get_a_list_of_predictions_and_a_row_in_a_member_gets_one(service: Service, columns: Any) -> None:
    assert ask(service, columns).json["predictions"] == [PREDICTION]
    assert ask(service, {"data": ROW}).json["prediction"] == PREDICTION


def test_names_that_are_no_input_are_left_out_only_where_the_url_asks_for_it(service: Service) -> None:
    body = {"town": "Lynn", "rm": 6, "tax": 250, "age": 66.5}
    assert service.post("/predict_json?extra=ignore&utm=1", json=body).json["prediction"] == PREDICTION
    message = "town: no such input; the inputs are rm, tax, age; add ?extra=ignore to the URL to leave other names out"
    reply = service.post("/predict_json?utm=1", json=body)
    assert (reply.status_code, reply.json["error"]) == (422, message)
    for query in ("extra", "extra=1", "extra=ignore&extra=ignore"):
        reply = service.post(f"/predict_json?{query}", json=body)
        assert (reply.status_code, reply.json["error"]) == (400, "extra: expected ignore, once")


def test_the_rows_of_a_request_are_in_the_logs(service: Service) -> None:
    body = b"[[6, 250, 66.5], [6.575, 800, 0]]"
    headers = {"X-Request-ID": "mine.1", "Content-Type": "application/json"}
    reply = service.post("/predict_json", data=body, headers=headers)
    (request,) = service.new_rows("requests")
    expected = {"client": "127.0.0.1", "method": "POST", "path": "/predict_json", "status": "200", "error": ""}
    assert {**expected, "request_id": "mine.1", "body": body.decode()}.items() <= request.items()
    first, second = service.new_rows("predictions")
    assert [first[name] for name in ("row", "rm", "tax", "age", "flags")] == ["0", "6.0", "250.0", "66.5", ""]
    assert [second[name] for name in ("row", "rm", "tax", "age")] == ["1", "6.575", "800.0", "0.0"]
    assert second["flags"] == "tax:outside_training age:outside_training"
    assert [float(row["prediction"]) for row in (first, second)] == reply.json["predictions"]
    for row in (first, second):
        assert {"request_id": "mine.1", "model": "boston", "version": "1", "role": "champion"}.items() <= row.items()
        assert row["time"] == request["time"]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_request_gets_its_reason_and_has_its_row(service: Service, bad: Bad) -> None:
    reply = service.post(bad.path, data=bad.body, headers=bad.headers)
    assert reply.status_code == bad.status
    assert bad.says in (reply.json["error"] if reply.is_json else reply.text)
    if reply.is_json:
        assert reply.json["success"] is False
        assert reply.json["request_id"] == reply.headers["X-Request-ID"]
        assert bad.problems in ([], [(item["row"], item["input"]) for item in reply.json["problems"]])
    (request,) = service.new_rows("requests")
    assert request["status"] == str(bad.status)
    assert request["error"]
    if bad.status not in (404, 405, 413) or "rows" in bad.name:
        assert request["body"].encode("utf-8", "surrogateescape") == excerpt(bad.body)
    flags = [row["flags"].split()[-1] for row in service.new_rows("predictions")]
    assert flags == (["output:implausible"] if bad.status == 500 else [])


def test_one_implausible_row_stops_the_whole_batch_and_is_flagged(service: Service) -> None:
    reply = ask(service, [ROW, IMPLAUSIBLE])
    assert reply.status_code == 500
    assert "row 1: the model's output -22 is not plausible for medv" in reply.json["error"]
    assert [row["flags"] for row in service.new_rows("predictions")] == ["", "rm:outside_training output:implausible"]
