"""Every protocol in every form gives the numbers that the model file gives, and the same rows in the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.settings import Settings
from registry import Predictor, VersionStore
from tests.app.requests import logged

NAMES = ("rm", "tax", "age")
V1, V2 = "/v1/models/boston", "/v2/models/boston/infer"
Row = list[float]
Ask = Callable[[FlaskClient, list[Row]], tuple[TestResponse, Callable[[Any], list[float]]]]


def by_name(rows: list[Row]) -> list[dict[str, float]]:
    return [dict(zip(("rooms", "tax", "age"), row, strict=True)) for row in rows]


def by_column(rows: list[Row]) -> dict[str, Row]:
    return {name: [row[place] for row in rows] for place, name in enumerate(NAMES)}


def csv(rows: list[Row]) -> bytes:
    return "\n".join([",".join(NAMES), *(",".join(map(repr, row)) for row in rows), ""]).encode()


def columns(rows: list[Row], shape: Callable[[int], list[int]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": shape(len(rows)), "datatype": "FP64", "data": values}
        for name, values in by_column(rows).items()
    ]


def binary(dtype: str, datatype: str, out: bool) -> Ask:
    def ask(client: FlaskClient, rows: list[Row]) -> Any:
        raw = np.array(rows, dtype=dtype).tobytes()
        tensor = {"name": "features", "shape": [len(rows), 3], "datatype": datatype}
        tensor["parameters"] = {"binary_data_size": len(raw)}
        head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": out}}).encode()
        reply = client.post(V2, data=head + raw, headers={"Inference-Header-Content-Length": str(len(head))})
        if not out:
            return reply, lambda reply: reply.json["outputs"][0]["data"]
        start = int(reply.headers.get("Inference-Header-Content-Length", 0))
        return reply, lambda reply: np.frombuffer(reply.data[start:], "<f4").tolist()

    return ask


def binary_columns(client: FlaskClient, rows: list[Row]) -> Any:
    arrays = {name: np.array(values, dtype="<f8") for name, values in by_column(rows).items()}
    inputs = [
        {"name": name, "shape": [len(rows)], "datatype": "FP64", "parameters": {"binary_data_size": array.nbytes}}
        for name, array in arrays.items()
    ]
    head = json.dumps({"inputs": inputs}).encode()
    data = head + b"".join(array.tobytes() for array in arrays.values())
    reply = client.post(V2, data=data, headers={"Inference-Header-Content-Length": str(len(head))})
    return reply, lambda reply: reply.json["outputs"][0]["data"]


def posting(path: str, body: Callable[[list[Row]], Any], key: str = "predictions") -> Ask:
    def ask(client: FlaskClient, rows: list[Row]) -> Any:
        content = body(rows)
        sent = (content, "text/csv") if isinstance(content, bytes) else (orjson.dumps(content), "application/json")
        reply = client.post(path, data=sent[0], content_type=sent[1], headers={"Accept": "application/json"})
        return reply, lambda reply: np.array(reply.json[key]).reshape(-1).tolist()

    return ask


def tensors(body: Callable[[list[Row]], list[dict[str, Any]]]) -> Ask:
    def ask(client: FlaskClient, rows: list[Row]) -> Any:
        reply = client.post(V2, data=orjson.dumps({"inputs": body(rows)}))
        return reply, lambda reply: reply.json["outputs"][0]["data"]

    return ask


def whole(rows: list[Row], data: Any) -> list[dict[str, Any]]:
    return [{"name": "features", "shape": [len(rows), 3], "datatype": "FP64", "data": data}]


PREDICT, REGRESS, VERSION, SCORE = f"{V1}:predict", f"{V1}:regress", f"{V1}/versions/1:predict", "/invocations"
LABEL = f"{V1}/labels/champion:predict"
FORMS: dict[str, Ask] = {
    "own, by position": posting("/predict_json", lambda rows: rows),
    "own, by name": posting("/predict_json", by_name),
    "own, CSV": posting("/predict_csv", csv),
    "v1 instances": posting(PREDICT, lambda rows: {"instances": rows}),
    "v1 named": posting(PREDICT, lambda rows: {"instances": by_name(rows)}),
    "v1 columns": posting(PREDICT, lambda rows: {"inputs": by_column(rows)}, "outputs"),
    "v1 tensor": posting(PREDICT, lambda rows: {"inputs": {"features": rows}}, "outputs"),
    "v1 regress": posting(REGRESS, lambda rows: {"examples": by_name(rows)}, "results"),
    "v1 label": posting(LABEL, lambda rows: {"instances": rows}),
    "v1 version": posting(VERSION, lambda rows: {"instances": rows}),
    "v2 flat": tensors(lambda rows: whole(rows, [cell for row in rows for cell in row])),
    "v2 nested": tensors(lambda rows: whole(rows, rows)),
    "v2 columns [n]": tensors(lambda rows: columns(rows, lambda n: [n])),
    "v2 columns [n, 1]": tensors(lambda rows: columns(rows, lambda n: [n, 1])),
    "v2 FP32": binary("<f4", "FP32", out=True),
    "v2 FP64": binary("<f8", "FP64", out=False),
    "v2 FP32, JSON out": binary("<f4", "FP32", out=False),
    "v2 FP64, bytes out": binary("<f8", "FP64", out=True),
    "v2 columns as bytes": binary_columns,
    "split": posting(SCORE, lambda rows: {"dataframe_split": {"columns": NAMES, "data": rows}}),
    "split, no names": posting(SCORE, lambda rows: {"dataframe_split": {"data": rows}}),
    "records": posting(SCORE, lambda rows: {"dataframe_records": by_name(rows)}),
    "instances": posting(SCORE, lambda rows: {"instances": rows}),
    "inputs": posting(SCORE, lambda rows: {"inputs": by_column(rows)}),
    "invocations CSV": posting(SCORE, csv),
}
# Inside the limits, and with a plausible prediction; some outside the training range.
ROOMS, TAX, AGE = st.floats(5, 9) | st.integers(5, 9), st.floats(100, 800) | st.integers(100, 800), st.floats(0, 100)
ROWS = st.lists(st.tuples(ROOMS, TAX, AGE).map(list), min_size=1, max_size=5)


ALONE = {
    "by position": lambda client, row: client.post("/predict_json", json=row),
    "by name": lambda client, row: client.post("/predict_json", json=dict(zip(NAMES, row, strict=True))),
    "by alias": lambda client, row: client.post("/predict_json", json=by_name([row])[0]),
    "a form": lambda client, row: client.post(
        "/predict_form", data=dict(zip(NAMES, map(repr, row), strict=True)), headers={"Accept": "application/json"}
    ),
}


@pytest.fixture
def predictor(settings: Settings) -> Predictor:
    return VersionStore(settings.models, "boston").open(1).predictor


def new_rows(settings: Settings) -> Iterator[list[list[str]]]:
    """Each time the prediction rows since the time before, without their time and request id."""
    seen = 0
    while True:
        rows = logged(settings, "predictions")
        yield [[text for name, text in row.items() if name not in ("time", "request_id")] for row in rows[seen:]]
        seen = len(rows)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(rows=ROWS)
def test_all_forms_give_the_same_numbers_and_the_same_rows_in_the_log(
    client: FlaskClient, settings: Settings, predictor: Predictor, rows: list[Row]
) -> None:
    expected = predictor.predict(np.array(rows, dtype=np.float32))
    first: list[list[str]] | None = None
    log = new_rows(settings)
    next(log)
    for name, ask in FORMS.items():
        reply, numbers = ask(client, rows)
        assert reply.status_code == 200, (name, reply.text)
        assert np.array_equal(np.array(numbers(reply), dtype=np.float32), expected), name
        written = next(log)
        first = first or written
        assert written == first, name
        assert [np.float32(line[-2]) for line in written] == expected.tolist(), name


MEMBERS = [
    "instances",
    "inputs",
    "examples",
    "context",
    "dataframe_split",
    "dataframe_records",
    "columns",
    "data",
    "name",
    "shape",
    "datatype",
    "parameters",
    "outputs",
    "id",
    "rm",
    "tax",
    "age",
    "features",
]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(rows=ROWS)
def test_a_row_on_its_own_gets_the_number_of_a_table_of_one(
    client: FlaskClient, settings: Settings, predictor: Predictor, rows: list[Row]
) -> None:
    (expected,) = predictor.predict(np.array(rows[:1], dtype=np.float32))
    log = new_rows(settings)
    next(log)
    client.post("/predict_json", json=rows[:1])
    written = next(log)
    for name, ask in ALONE.items():
        assert np.float32(ask(client, rows[0]).json["prediction"]) == expected, name
        assert next(log) == written, name


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
OWN, OTHERS = {"success", "error", "problems", "request_id"}, {"error"}
BODIES = {
    "/predict_json": OWN,
    "/predict_csv": OWN,
    f"{V1}:predict": OTHERS,
    f"{V1}:regress": OTHERS,
    f"{V1}/versions/1:predict": OTHERS,
    V2: OTHERS,
    "/v2/models/boston/versions/1/infer": OTHERS,
    "/invocations": {"error_code", "message"},
}


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=ANYTHING)
def test_whatever_json_is_sent_is_answered_in_the_protocols_own_body_and_has_one_row(
    client: FlaskClient, settings: Settings, data: Any
) -> None:
    body, statuses = json.dumps(data).encode(), []
    before = len(logged(settings, "requests"))
    for path, keys in BODIES.items():
        kind = "text/csv" if path == "/predict_csv" else "application/json"
        reply = client.post(path, data=body, content_type=kind)
        assert reply.status_code in (200, 400, 422) or "not plausible" in reply.text, (path, reply.text)
        if reply.status_code != 200:
            assert set(reply.json) == keys, path
        statuses.append(str(reply.status_code))
    assert [row["status"] for row in logged(settings, "requests")[before:]] == statuses


def test_as_many_requests_as_were_sent_have_a_row(client: FlaskClient, settings: Settings) -> None:
    paths = [path for path in BODIES if path != "/predict_csv"]
    for path in paths:
        client.post(path, data=b"[" * 1000, content_type="application/json")
    assert [row["status"] for row in logged(settings, "requests")] == ["400"] * len(paths)
