"""Every protocol gives the numbers that the model file gives in all its forms, and has the same rows in the log."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.endpoints.v2_tensors import DATATYPES
from registry import Predictor
from tests.app.conftest import Service
from tests.app.requests import any_json, ask, bytes_tensor, column, infer

NAMES = ("rm", "tax", "age")
V1, V2, SCORE = "/v1/models/boston", "/v2/models/boston/infer", "/invocations"
BOM = codecs.BOM_UTF8
LENGTH = "Inference-Header-Content-Length"
Row = list[float]
# Sends rows; returns the reply, and the predictions if it has some.
Send = Callable[[Service, list[Row]], tuple[TestResponse, Callable[[], list[float]]]]


def by_name(rows: list[Row]) -> list[dict[str, float]]:
    return [dict(zip(("rooms", "tax", "age"), row, strict=True)) for row in rows]


def by_column(rows: list[Row]) -> dict[str, Row]:
    return {name: [row[position] for row in rows] for position, name in enumerate(NAMES)}


def in_lists(rows: list[dict[str, float]]) -> list[dict[str, list[float]]]:
    return [{name: [value] for name, value in row.items()} for row in rows]


def nested(columns: dict[str, Row]) -> dict[str, list[list[float]]]:
    return {name: [[value] for value in columns[name]] for name in reversed(columns)}


def with_index(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Return columns as pandas writes them, with the row's index as the members' names."""
    return {name: {f"r{row}": cell for row, cell in enumerate(cells)} for name, cells in by_column(rows).items()}


def with_town(rows: list[Row]) -> dict[str, Any]:
    """Return a table in another order, with an index and a column that is no input."""
    data = [["Nahant", age, tax, rooms] for rooms, tax, age in rows]
    return {"columns": ["town", "age", "tax", "rooms"], "index": list(range(7, 7 + len(rows))), "data": data}


def csv(rows: list[Row]) -> bytes:
    return "\n".join([",".join(NAMES), *(",".join(map(repr, row)) for row in rows), ""]).encode()


def posting(path: str, body: Callable[[list[Row]], Any], key: str = "predictions") -> Send:
    def send(client: Service, rows: list[Row]) -> Any:
        content = body(rows)
        is_csv = isinstance(content, bytes) and not content.startswith(BOM)
        data = content if isinstance(content, bytes) else orjson.dumps(content)
        media_type = "text/csv; charset=utf-8" if is_csv else "application/json"
        reply = client.post(path, data=data, content_type=media_type, headers={"Accept": "application/json"})
        return reply, lambda: np.array(reply.json[key]).reshape(-1).tolist()

    return send


def whole(rows: list[Row], data: Any, name: str = "features") -> list[dict[str, Any]]:
    return [column(name, data, [len(rows), 3])]


def columns(rows: list[Row], *more: int) -> list[dict[str, Any]]:
    return [column(name, values, [len(rows), *more]) for name, values in by_column(rows).items()]


def tensors(
    body: Callable[[list[Row]], list[dict[str, Any]]], datatype: str = "", bytes_out: bool = False, **parameters: str
) -> Send:
    """Send tensors: in JSON, or with a datatype as bytes behind it."""

    def send(client: Service, rows: list[Row]) -> Any:
        inputs, raw = body(rows), b""
        if datatype:
            arrays = {tensor["name"]: np.array(tensor["data"], DATATYPES[datatype]) for tensor in inputs}
            inputs = [bytes_tensor(array, datatype, name) for name, array in arrays.items()]
            raw = b"".join(array.tobytes() for array in arrays.values())
        reply = infer(client, *inputs, raw=raw, parameters={"binary_data_output": bytes_out, **parameters})
        if bytes_out:
            return reply, lambda: np.frombuffer(reply.data[int(reply.headers[LENGTH]) :], "<f4").tolist()
        return reply, lambda: reply.json["outputs"][0]["data"]

    return send


FORMS: dict[str, Send] = {
    "own, by position": posting("/predict_json", lambda rows: rows),
    "own, by name": posting("/predict_json", by_name),
    "own, columns": posting("/predict_json", by_column),
    "own, columns [n, 1]": posting("/predict_json", lambda rows: nested(by_column(rows))),
    "own, columns with an index": posting("/predict_json", with_index),
    "own, tensor": posting("/predict_json", lambda rows: {"features": rows}),
    "own, frame": posting("/predict_json", lambda rows: {"columns": NAMES, "index": [0], "data": rows}),
    "own, more names": posting("/predict_json?extra=ignore", lambda rows: [{"x": "y", **row} for row in by_name(rows)]),
    "own, more columns": posting("/predict_json?extra=ignore", lambda rows: {"x": 1, **by_column(rows)}),
    "own, more in an index": posting("/predict_json?extra=ignore", lambda rows: {"x": {"a": 1}, **with_index(rows)}),
    "own, frame of more": posting("/predict_json?extra=ignore", with_town),
    "own, instances": posting("/predict_json", lambda rows: {"signature_name": "", "instances": rows}),
    "own, inputs": posting("/predict_json", lambda rows: {"inputs": by_column(rows)}),
    "own, inputs, tensor": posting("/predict_json", lambda rows: {"inputs": {"features": rows}}),
    "own, data": posting("/predict_json", lambda rows: {"data": by_name(rows)}),
    "own, input_data": posting("/predict_json", lambda rows: {"input_data": {"columns": NAMES, "data": rows}}),
    "own, split": posting("/predict_json", lambda rows: {"dataframe_split": {"data": rows}}),
    "own, records": posting("/predict_json", lambda rows: {"dataframe_records": by_name(rows)}),
    "own, byte order mark": posting("/predict_json", lambda rows: BOM + orjson.dumps(rows)),
    "own, CSV": posting("/predict_csv", csv),
    "v1 instances": posting(f"{V1}:predict", lambda rows: {"instances": rows}),
    "v1 named": posting(f"{V1}:predict", lambda rows: {"instances": by_name(rows)}),
    "v1 columns": posting(f"{V1}:predict", lambda rows: {"inputs": by_column(rows)}, "outputs"),
    "v1 tensor": posting(f"{V1}:predict", lambda rows: {"inputs": {"features": rows}}, "outputs"),
    "v1 regress": posting(f"{V1}:regress", lambda rows: {"examples": by_name(rows)}, "results"),
    "v1 regress, lists": posting(f"{V1}:regress", lambda rows: {"examples": in_lists(by_name(rows))}, "results"),
    "v1 signature": posting(f"{V1}:predict", lambda rows: {"signature_name": "serving_default", "instances": rows}),
    "v1 no signature": posting(f"{V1}:predict", lambda rows: {"signature_name": "", "instances": rows}),
    "v1 tensor by row": posting(f"{V1}:predict", lambda rows: {"instances": [{"features": row} for row in rows]}),
    "v1 inputs": posting(f"{V1}:predict", lambda rows: {"inputs": rows}, "outputs"),
    "v1 columns [n, 1]": posting(f"{V1}:predict", lambda rows: {"inputs": nested(by_column(rows))}, "outputs"),
    "v1 columns with an index": posting(f"{V1}:predict", lambda rows: {"inputs": with_index(rows)}, "outputs"),
    "v1 byte order mark": posting(f"{V1}:predict", lambda rows: BOM + orjson.dumps({"instances": rows})),
    "v1 label": posting(f"{V1}/labels/champion:predict", lambda rows: {"instances": rows}),
    "v1 version": posting(f"{V1}/versions/1:predict", lambda rows: {"instances": rows}),
    "v2 flat": tensors(lambda rows: whole(rows, [cell for row in rows for cell in row])),
    "v2 nested": tensors(lambda rows: whole(rows, rows)),
    "v2 any name": tensors(lambda rows: whole(rows, rows, "")),
    "v2 name of the output": tensors(lambda rows: whole(rows, rows, "output_0")),
    "v2 columns [n]": tensors(columns),
    "v2 columns [n, 1]": tensors(lambda rows: columns(rows, 1)),
    "v2 nested columns": tensors(
        lambda rows: [column(name, cells, [len(rows), 1]) for name, cells in nested(by_column(rows)).items()]
    ),
    "v2 FP32": tensors(lambda rows: whole(rows, rows), "FP32", bytes_out=True),
    "v2 FP64": tensors(lambda rows: whole(rows, rows), "FP64"),
    "v2 FP32, JSON out": tensors(lambda rows: whole(rows, rows), "FP32"),
    "v2 FP64, bytes out": tensors(lambda rows: whole(rows, rows), "FP64", bytes_out=True),
    "v2 columns as bytes": tensors(columns, "FP64"),
    "v2 data frame": tensors(lambda rows: [column("x", [""], [1], "BYTES"), *columns(rows, 1)], content_type="pd"),
    "v2 data frame of one tensor": tensors(lambda rows: whole(rows, rows), content_type="pd"),
    "split": posting(SCORE, lambda rows: {"dataframe_split": {"columns": NAMES, "data": rows}}),
    "split, more columns": posting(SCORE, lambda rows: {"dataframe_split": with_town(rows)}),
    "split, no names": posting(SCORE, lambda rows: {"dataframe_split": {"data": rows}}),
    "records": posting(SCORE, lambda rows: {"dataframe_records": by_name(rows)}),
    "records, more members": posting(
        SCORE, lambda rows: {"dataframe_records": [{"town": "Nahant", **row} for row in by_name(rows)]}
    ),
    "records, a number behind": posting(
        SCORE, lambda rows: {"dataframe_records": [{**row, "year": 1970} for row in by_name(rows)]}
    ),
    "split, a number behind": posting(
        SCORE, lambda rows: {"dataframe_split": {"columns": [*NAMES, "year"], "data": [[*row, 1970] for row in rows]}}
    ),
    "inputs, a number behind": posting(SCORE, lambda rows: {"inputs": {**by_column(rows), "year": [1970] * len(rows)}}),
    "instances": posting(SCORE, lambda rows: {"instances": rows}),
    "named instances": posting(SCORE, lambda rows: {"instances": by_name(rows), "params": {"temperature": 1}}),
    "inputs": posting(SCORE, lambda rows: {"inputs": by_column(rows)}),
    "inputs, rows": posting(SCORE, lambda rows: {"inputs": rows, "params": None}),
    "inputs, tensor": posting(SCORE, lambda rows: {"inputs": {"features": rows}}),
    "invocations CSV": posting(SCORE, csv),
}
# Inside the limits, and with a plausible prediction; some outside the training range.
ROOMS, TAX, AGE = st.floats(5, 9) | st.integers(5, 9), st.floats(100, 800) | st.integers(100, 800), st.floats(0, 100)
ROWS = st.lists(st.tuples(ROOMS, TAX, AGE).map(list), min_size=1, max_size=5)


@pytest.fixture
def predictor(service: Service) -> Predictor:
    return service.settings.store().open(1).predictor


def new_predictions(service: Service) -> list[list[str]]:
    """Return the new prediction rows without their time and request id."""
    rows = service.new_rows("predictions")
    return [[text for name, text in row.items() if name not in ("time", "request_id")] for row in rows]


def batched(rows: list[list[str]], size: int) -> list[list[list[str]]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


# Every example of a property asks the same application.
few = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


@few
@given(rows=ROWS)
def test_all_forms_give_the_same_numbers_and_the_same_rows_in_the_log(
    service: Service, predictor: Predictor, rows: list[Row]
) -> None:
    expected = predictor.predict(np.array(rows, dtype=np.float32))
    for name, send in FORMS.items():
        reply, predictions = send(service, rows)
        assert (reply.status_code, reply.headers["X-Model-Version"]) == (200, "1"), (name, reply.text)
        assert np.array_equal(np.array(predictions(), dtype=np.float32), expected), name
    first, *rest = batched(new_predictions(service), len(rows))
    assert [np.float32(line[-2]) for line in first] == expected.tolist()
    for name, written in zip(list(FORMS)[1:], rest, strict=True):
        assert written == first, name


@few
@given(row=ROWS.map(lambda rows: rows[0]))
def test_a_row_on_its_own_gets_the_number_of_a_table_of_one(service: Service, predictor: Predictor, row: Row) -> None:
    (expected,) = predictor.predict(np.array([row], dtype=np.float32))
    ask(service, [row])
    by_alias, named = by_name([row])[0], dict(zip(NAMES, row, strict=True))
    form = {name: repr(value) for name, value in named.items()}
    replies = [ask(service, body) for body in (row, named, by_alias)]
    replies.append(service.post("/predict_form", data=form, headers={"Accept": "application/json"}))
    assert [np.float32(reply.json["prediction"]) for reply in replies] == [expected] * len(replies)
    first, *rest = new_predictions(service)
    assert rest == [first] * len(replies)


MEMBERS = [
    "instances", "inputs", "examples", "context", "dataframe_split", "dataframe_records", "columns", "data", "name",
    "shape", "datatype", "parameters", "outputs", "id", "rm", "tax", "age", "features",
]  # fmt: skip
# The members of an error in each protocol.
OWN, ERROR_ONLY = {"success", "error", "problems", "request_id"}, {"error"}
ERRORS = {
    "/predict_json": OWN,
    "/predict_csv": OWN,
    f"{V1}:predict": ERROR_ONLY,
    f"{V1}:regress": ERROR_ONLY,
    f"{V1}/versions/1:predict": ERROR_ONLY,
    V2: ERROR_ONLY,
    "/v2/models/boston/versions/1/infer": ERROR_ONLY,
    SCORE: {"error_code", "message"},
}


def post_everywhere(service: Service, body: bytes) -> list[str]:
    """Check that each path answers in its protocol's form; return the statuses."""
    statuses = []
    for path, members in ERRORS.items():
        media_type = "text/csv" if path == "/predict_csv" else "application/json"
        reply = service.post(path, data=body, content_type=media_type)
        assert reply.status_code in (200, 400, 422) or "not plausible" in reply.text, (path, reply.text)
        assert reply.status_code == 200 or set(reply.json) == members, path
        statuses.append(str(reply.status_code))
    return statuses


def test_any_json_is_answered_in_the_protocols_own_body_and_has_one_row(service: Service) -> None:
    statuses = []

    @hypothesis_settings(deadline=None, max_examples=150)
    @given(data=any_json(*MEMBERS))
    def check(data: Any) -> None:
        statuses.extend(post_everywhere(service, json.dumps(data).encode()))

    check()
    deep = post_everywhere(service, b"[" * 1000)
    assert deep == ["422" if path == "/predict_csv" else "400" for path in ERRORS]
    assert [row["status"] for row in service.new_rows("requests")] == statuses + deep
