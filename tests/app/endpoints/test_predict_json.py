"""``POST /predict_json``: what is answered, what is refused, and what is in the logs afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import Settings
from journal import LogReader, daily_files
from tests.app.requests import logged
from tests.bad_inputs import BAD, Bad
from tests.conftest import HOUSES, publish

ONE = "[6, 250, 66.5]"


def ask(client: FlaskClient, body: str | bytes, **headers: str) -> Any:
    return client.post("/predict_json", data=body, content_type="application/json", headers=headers)


def test_one_row_gets_one_prediction(client: FlaskClient) -> None:
    reply = ask(client, ONE)
    assert reply.status_code == 200
    assert reply.json == {
        "success": True,
        "prediction": pytest.approx(23.505, abs=1e-5),
        "request_id": reply.headers["X-Request-ID"],
        "model": "boston",
        "version": 1,
        "warnings": [],
    }


@pytest.mark.parametrize(
    "body",
    [
        ONE,
        '{"rm": 6, "tax": 250, "age": 66.5}',
        '{"age": 66.5, "rooms": 6, "tax": 250.0}',
        r'{"r\u006d": 6, "tax": 250, "age": 66.5}',
        " [6e0,\n250, 66.50]\t",
    ],
)
def test_order_names_aliases_and_spelling_make_no_difference(client: FlaskClient, body: str) -> None:
    assert ask(client, body).json["prediction"] == ask(client, ONE).json["prediction"]


@pytest.mark.parametrize(
    "body",
    [
        "[[6, 250, 66.5], [7, 800, 10]]",
        '[{"rm": 6, "tax": 250, "age": 66.5}, {"rm": 7, "tax": 800, "age": 10}]',
        '[{"rm": 6, "tax": 250, "age": 66.5}, {"age": 10, "rooms": 7, "tax": 800}]',
        '[[6, 250, 66.5], {"age": 10, "rooms": 7, "tax": 800}]',
    ],
)
def test_many_rows_get_as_many_predictions_and_warnings(client: FlaskClient, body: str) -> None:
    reply = ask(client, body).json
    assert reply["predictions"] == [pytest.approx(23.505, abs=1e-5), pytest.approx(27.7, abs=1e-5)]
    assert reply["warnings"] == [[], ["tax: 800 lies outside the training range 187-711"]]


def test_a_list_of_one_row_is_still_a_list(client: FlaskClient) -> None:
    assert len(ask(client, f"[{ONE}]").json["predictions"]) == 1


def test_the_rows_of_a_request_are_in_the_logs(client: FlaskClient, settings: Settings) -> None:
    reply = ask(client, "[[6, 250, 66.5], [6.575, 800, 0]]", **{"X-Request-ID": "mine.1"})
    (request,) = logged(settings, "requests")
    assert request["request_id"] == "mine.1"
    assert request["body"] == "[[6, 250, 66.5], [6.575, 800, 0]]"
    expected = {"client": "127.0.0.1", "method": "POST", "path": "/predict_json", "status": "200", "error": ""}
    assert expected.items() <= request.items()
    first, second = logged(settings, "predictions")
    assert [first[name] for name in ("row", "rm", "tax", "age", "flags")] == ["0", "6.0", "250.0", "66.5", ""]
    assert [second[name] for name in ("row", "rm", "tax", "age")] == ["1", "6.575", "800.0", "0.0"]
    assert second["flags"] == "tax:outside_training age:outside_training"
    assert [float(row["prediction"]) for row in (first, second)] == reply.json["predictions"]
    assert {row["request_id"] for row in (first, second)} == {"mine.1"}
    assert {(row["model"], row["version"], row["role"]) for row in (first, second)} == {("boston", "1", "champion")}
    assert first["time"] == request["time"]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_request_is_told_why_and_has_its_row(client: FlaskClient, settings: Settings, bad: Bad) -> None:
    reply = client.post(bad.path, data=bad.body, headers=bad.headers)
    assert reply.status_code == bad.status
    assert bad.says in (reply.json["error"] if reply.is_json else reply.text)
    if reply.is_json:
        assert reply.json["success"] is False
        assert reply.json["request_id"] == reply.headers["X-Request-ID"]
        if bad.problems:
            assert [(item["row"], item["input"]) for item in reply.json["problems"]] == bad.problems
    (request,) = logged(settings, "requests")
    assert request["status"] == str(bad.status)
    assert request["error"]
    if bad.status not in (404, 405, 413) or "rows" in bad.name:
        assert request["body"].encode("utf-8", "surrogateescape") == bad.body
    flags = [row["flags"].split()[-1] for row in logged(settings, "predictions")]
    assert flags == (["output:implausible"] if bad.status == 500 else [])


def test_one_implausible_row_stops_the_whole_batch_and_is_flagged(client: FlaskClient, settings: Settings) -> None:
    reply = ask(client, "[[6, 250, 66.5], [1, 700, 100]]")
    assert reply.status_code == 500
    assert "row 1: the model's output -22 is not plausible for medv" in reply.json["error"]
    assert [row["flags"] for row in logged(settings, "predictions")] == ["", "rm:outside_training output:implausible"]


def test_an_output_that_is_no_number_is_never_sent(tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    huge = replace(HOUSES.inputs[0], limits=(0, 3e38), training=(0, 3e38))
    publish(tmp_path / "huge", replace(HOUSES, inputs=(huge, *HOUSES.inputs[1:])))
    app = make_app(models=tmp_path / "huge", logs=tmp_path / "huge-logs")
    reply = ask(app.test_client(), "[2e38, 250, 66.5]")
    assert reply.status_code == 500
    assert "inf is not plausible" in reply.json["error"]
    (row,) = LogReader(next(iter(daily_files(tmp_path / "huge-logs" / "boston", "predictions"))))
    assert (row["prediction"], row["flags"]) == ("inf", "output:implausible")


def test_a_list_of_problems_has_an_end(client: FlaskClient) -> None:
    reply = ask(client, orjson.dumps([[None] * 3] * 200)).json
    assert len(reply["problems"]) == 100
    assert reply["error"].endswith("(and 599 more)")


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 129, "ü", "a\u0000"])
def test_an_unusable_request_id_is_replaced(client: FlaskClient, given_id: str) -> None:
    environ = {"HTTP_X_REQUEST_ID": given_id}
    reply = client.post("/predict_json", data=ONE, content_type="application/json", environ_overrides=environ)
    assert reply.status_code == 200
    assert reply.json["request_id"] != given_id
    assert len(reply.json["request_id"]) == 36


def test_pages_and_health_have_an_id_but_no_row(client: FlaskClient, settings: Settings) -> None:
    for path in ("/", "/form", "/form_async", "/health/live", "/health/ready", "/nowhere"):
        assert client.get(path, headers={"X-Request-ID": "p"}).headers["X-Request-ID"] == "p"
    assert logged(settings, "requests") == []


def test_a_request_that_began_before_midnight_is_logged_on_its_day(
    make_app: Callable[..., Flask], settings: Settings
) -> None:
    times = [datetime(2026, 11, 23, 23, 59, 59, 999_999, UTC), datetime(2026, 11, 24, tzinfo=UTC)]
    client = make_app(now=lambda: times.pop(0)).test_client()
    ask(client, ONE)
    ask(client, ONE)
    for stream in ("requests", "predictions"):
        files = daily_files(settings.logs / "boston", stream)
        assert [path.stem[-10:] for path in files] == ["2026-11-23", "2026-11-24"]
        assert [row["time"] for path in files for row in LogReader(path)] == [
            "2026-11-23T23:59:59.999999Z",
            "2026-11-24T00:00:00.000000Z",
        ]


@pytest.mark.parametrize("broken", ["requests", "predictions"])
def test_a_log_that_cannot_be_written_is_503_and_recovers(
    make_app: Callable[..., Flask], settings: Settings, broken: str
) -> None:
    fault = True

    def write(descriptor: int, data: bytes) -> int:
        name = Path(f"/proc/self/fd/{descriptor}").resolve().name
        if fault and (broken in name or "probe" in name):
            raise OSError(28, "No space left on device")
        return os.write(descriptor, data)

    client = make_app(write=write).test_client()
    reply = ask(client, ONE)
    assert reply.status_code == 503
    assert "prediction" not in reply.json
    assert reply.json["error"] == "the log can't be written, so there is no answer: try again later"
    assert ask(client, "[1]").status_code == (503 if broken == "requests" else 422)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["ready"]) == (503, False)
    assert "No space left on device" in ready.json["reason"]
    fault = False
    assert client.get("/health/ready").status_code == 200
    assert ask(client, ONE).status_code == 200
    answered = [row for row in logged(settings, "requests") if row["status"] == "200"]
    assert len(answered) == len(logged(settings, "predictions")) == 1


def test_a_model_file_that_does_not_fit_its_signature_is_found_at_start(
    tmp_path: Path, make_app: Callable[..., Flask]
) -> None:
    publish(tmp_path / "misfit", replace(HOUSES, inputs=HOUSES.inputs[:2]))
    reply = ask(make_app(models=tmp_path / "misfit").test_client(), "[6, 250]")
    assert reply.status_code == 503
    assert "does not predict" in reply.json["error"]
