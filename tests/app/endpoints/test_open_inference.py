"""``/v2``: the Open Inference Protocol, in JSON and with tensors as bytes behind it."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.settings import Settings
from tests.app.requests import logged
from tests.conftest import publish

MODEL = "/v2/models/boston"
X = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [6, 250, 66.5]}
NEAR = pytest.approx(23.505, abs=1e-5)
ROWS = np.array([[6, 250, 66.5], [7, 300, 10]])


def column(name: str, data: list[Any], shape: list[int], datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def infer(client: FlaskClient, *inputs: Any, **others: Any) -> TestResponse:
    return client.post(f"{MODEL}/infer", json={"inputs": list(inputs), **others})


def infer_bytes(client: FlaskClient, inputs: list[Any], raw: bytes, **others: Any) -> TestResponse:
    head = json.dumps({"inputs": inputs, **others}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return client.post(f"{MODEL}/infer", data=head + raw, headers=headers, content_type="application/octet-stream")


def test_the_reply_names_the_version_and_the_shape(client: FlaskClient) -> None:
    reply = infer(client, X, id="mine.1")
    assert reply.status_code == 200
    assert reply.json == {
        "model_name": "boston",
        "model_version": "1",
        "id": "mine.1",
        "outputs": [{"name": "output_0", "shape": [1, 1], "datatype": "FP32", "data": [NEAR]}],
    }


@pytest.mark.parametrize(
    "inputs",
    [
        [X],
        [{**X, "data": [[6, 250, 66.5]]}],
        [{**X, "datatype": "FP64", "parameters": {"content_type": "np"}}],
        [column("rm", [6], [1]), column("tax", [250], [1], "INT32"), column("age", [66.5], [1])],
        [column("age", [66.5], [1, 1]), column("rooms", [[6]], [1, 1], "UINT8"), column("tax", [250], [1, 1])],
    ],
)
def test_every_form_of_the_tensors_gets_the_same_prediction_and_row(
    client: FlaskClient, settings: Settings, inputs: list[Any]
) -> None:
    assert infer(client, *inputs).json["outputs"][0]["data"] == [NEAR]
    (row,) = logged(settings, "predictions")
    assert (row["rm"], row["tax"], row["age"], row["role"]) == ("6.0", "250.0", "66.5", "champion")


def test_the_header_says_the_request_id_before_the_body_does(client: FlaskClient, settings: Settings) -> None:
    reply = client.post(f"{MODEL}/infer", json={"id": "body", "inputs": [X]}, headers={"X-Request-ID": "head"})
    assert (reply.json["id"], reply.headers["X-Request-ID"]) == ("body", "head")
    assert [row["request_id"] for row in logged(settings, "requests")] == ["head"]


def test_a_request_that_is_refused_keeps_its_id(client: FlaskClient, settings: Settings) -> None:
    for wrong in ({"inputs": []}, {"inputs": [X], "outputs": [{"name": "other"}]}):
        reply = client.post(f"{MODEL}/infer", json={"id": "mine.2", **wrong})
        assert (reply.status_code, reply.headers["X-Request-ID"]) == (400, "mine.2")
    assert {row["request_id"] for row in logged(settings, "requests")} == {"mine.2"}


def test_half_a_character_is_no_id(client: FlaskClient) -> None:
    body = json.dumps({"id": "\ud800", "inputs": [X]})
    reply = client.post(f"{MODEL}/infer", data=body, content_type="application/json")
    assert (reply.status_code, reply.json["error"]) == (400, "id: expected a text")


def test_a_given_id_is_the_request_id_and_any_other_text_is_echoed(client: FlaskClient, settings: Settings) -> None:
    reply = infer(client, X, id="mine.1")
    assert reply.headers["X-Request-ID"] == "mine.1"
    odd = infer(client, X, id="no id of ours\n")
    assert odd.json["id"] == "no id of ours\n"
    assert len(odd.headers["X-Request-ID"]) == 36
    none = infer(client, X, id=None)
    assert none.json["id"] == none.headers["X-Request-ID"]
    ids = ["mine.1", odd.headers["X-Request-ID"], none.json["id"]]
    assert [row["request_id"] for row in logged(settings, "requests")] == ids
    assert [row["request_id"] for row in logged(settings, "predictions")] == ids


@pytest.mark.parametrize("outputs", [None, [], [{"name": "output_0"}], [{"name": "output_0", "parameters": None}]])
def test_the_output_may_be_named(client: FlaskClient, outputs: Any) -> None:
    assert infer(client, X, outputs=outputs).json["outputs"][0]["data"] == [NEAR]


def test_values_outside_the_training_range_are_told_in_a_parameter(client: FlaskClient) -> None:
    reply = infer(client, {**X, "data": [6, 800, 0]}).json
    warnings = [f"row 0: {what} lies outside the training range" for what in ("tax: 800", "age: 0")]
    assert [text.rpartition(" ")[0] for text in reply["parameters"]["warnings"].split("; ")] == warnings


@pytest.mark.parametrize(("datatype", "dtype"), [("FP16", "<f2"), ("FP32", "<f4"), ("FP64", "<f8")])
def test_a_tensor_may_come_as_bytes(client: FlaskClient, datatype: str, dtype: str) -> None:
    raw = ROWS.astype(dtype).tobytes()
    tensor = {"name": "features", "shape": [2, 3], "datatype": datatype, "parameters": {"binary_data_size": len(raw)}}
    reply = infer_bytes(client, [tensor], raw)
    assert reply.json["outputs"][0] == {
        "name": "output_0", "shape": [2, 1], "datatype": "FP32", "data": [NEAR, pytest.approx(32.7, abs=1e-5)]
    }  # fmt: skip


@pytest.mark.parametrize("name", ["predict", "input-0", "output_0", ""])
def test_the_one_tensor_may_have_any_name(client: FlaskClient, name: str) -> None:
    assert infer(client, {**X, "name": name}).json["outputs"][0]["data"] == [NEAR]


@pytest.mark.parametrize("sign", ["", "U"])
@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_integers_may_come_as_bytes(client: FlaskClient, sign: str, bits: int) -> None:
    raw = np.array([6, 100, 66], f"<{'u' if sign else 'i'}{bits // 8}").tobytes()
    size = {"binary_data_size": len(raw)}
    tensor = {"name": "features", "shape": [1, 3], "datatype": f"{sign}INT{bits}", "parameters": size}
    expected = infer(client, {**X, "data": [6, 100, 66]}).json["outputs"]
    assert infer_bytes(client, [tensor], raw).json["outputs"] == expected


def test_the_log_holds_the_bytes_in_base64_behind_the_json(client: FlaskClient, settings: Settings) -> None:
    raw = ROWS.astype("<f4").tobytes()
    tensor = {"name": "features", "shape": [2, 3], "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
    infer_bytes(client, [tensor], raw)
    head, encoded = logged(settings, "requests")[0]["body"].split("\n")
    assert json.loads(head) == {"inputs": [tensor]}
    assert b64decode(encoded) == raw


def test_columns_may_come_as_bytes_beside_columns_in_json(client: FlaskClient) -> None:
    size = {"binary_data_size": 8}
    inputs = [
        {"name": "rm", "shape": [2], "datatype": "FP32", "parameters": size},
        column("tax", [250, 300], [2]),
        {"name": "age", "shape": [2, 1], "datatype": "FP32", "parameters": size},
    ]
    reply = infer_bytes(client, inputs, ROWS[:, [0]].astype("<f4").tobytes() + ROWS[:, [2]].astype("<f4").tobytes())
    assert reply.json["outputs"][0]["data"] == [NEAR, pytest.approx(32.7, abs=1e-5)]


@pytest.mark.parametrize(
    "asked",
    [
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "output_0", "parameters": {"binary_data": True}}]},
        {"outputs": [{"name": "output_0", "parameters": {"binary_data": True}}],
         "parameters": {"binary_data_output": False}},
    ],
)  # fmt: skip
def test_the_output_may_be_asked_for_as_bytes(client: FlaskClient, asked: Any) -> None:
    reply = infer(client, X, **asked)
    length = int(reply.headers["Inference-Header-Content-Length"])
    assert reply.content_type == "application/octet-stream"
    output = json.loads(reply.data[:length])["outputs"][0]
    assert output == {
        "name": "output_0", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}
    }  # fmt: skip
    assert np.frombuffer(reply.data[length:], "<f4").tolist() == [NEAR]


def test_a_float32_limit_is_within_the_limits(client: FlaskClient, settings: Settings) -> None:
    raw = np.array([[8.75, 187, 2.5]], dtype="<f4").tobytes()
    tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}}
    assert infer_bytes(client, [tensor], raw).status_code == 200
    assert logged(settings, "predictions")[0]["flags"] == ""


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ([], "inputs: there is no tensor"),
        ([7], "inputs: an element: expected an object, not a number"),
        ([{**X, "name": None}], "inputs: a tensor has no name"),
        ([column("zone", [6], [1])], "zone: expected one tensor of shape [n, 3], or one for each of rm, tax, age"),
        ([{**X, "name": "rm"}], "rm: expected the shape [n] or [n, 1], not [1, 3]"),
        ([{**X, "name": "a"}, {**X, "name": "b"}], "a: expected the shape [n] or [n, 1], not [1, 3]"),
        ([{**X, "shape": None}], "features: shape: expected a list of one or two sizes"),
        ([{**X, "shape": [1, -3]}], "features: shape: expected a list"),
        ([{**X, "shape": [1.5, 3]}], "features: shape: expected a list"),
        ([{**X, "shape": [True, 3]}], "features: shape: expected a list"),
        ([{**X, "shape": [3, 1]}], "features: expected one tensor of shape [n, 3]"),
        ([{**X, "shape": [3]}], "or one for each of rm, tax, age; its shape is [3]"),
        ([{**X, "shape": [0, 3], "data": []}], "there is no row"),
        ([{**X, "shape": [2, 3]}], "shape [2, 3] and the 3 values in data don't fit"),
        ([{**X, "datatype": None}], "expected a datatype of numbers, like FP32, not nothing"),
        ([{**X, "datatype": "BOOL"}], "like FP32, not BOOL"),
        ([{**X, "datatype": "BYTES", "data": ["6", "250", "66.5"]}], "like FP32, not BYTES"),
        ([{**X, "data": None}], "features: data: expected a list, not null"),
        ([{**X, "data": [6, 250, "66.5"]}], 'age: expected a number, not the text "66.5"'),
        ([{**X, "data": [6, 250, True]}], "age: expected a number, not true"),
        ([{**X, "data": [[6, 250]]}], "age: is missing"),
        ([{**X, "data": [6, 2500, 66.5]}], "tax: 2500 lies outside the limits"),
        ([{**X, "parameters": 1}], "parameters: expected an object, not a number"),
        ([column("rm", [6], [1])] * 2, "rm appears twice"),
        ([column("rm", [6], [1]), column("tax", [250], [1])], "age: is missing"),
        ([column("rm", [6], [1]), column("tax", [1, 2], [2]), column("age", [1], [1])], "have 1 and 2 values"),
        ([column("rm", [6, 7], [1, 2])], "rm: expected the shape [n] or [n, 1], not [1, 2]"),
        ([column(name, [6], [1]) for name in ("rm", "rooms", "tax", "age")], "rm: appears twice"),
        ([column(name, [6], [1]) for name in ("rm", "tax", "age", "b")], "b: no such input"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_and_have_their_row(
    client: FlaskClient, settings: Settings, inputs: list[Any], error: str
) -> None:
    reply = infer(client, *inputs)
    assert (reply.status_code, list(reply.json)) == (400, ["error"])
    assert error in reply.json["error"]
    (request,) = logged(settings, "requests")
    assert (request["status"], request["error"]) == ("400", reply.json["error"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": 7}, "id: expected a text"),
        ({"parameters": []}, "parameters: expected an object"),
        ({"outputs": {}}, "outputs: expected a list of objects"),
        ({"outputs": [{"name": "y"}]}, "outputs: there is no y, only output_0"),
        ({"outputs": [{}]}, "outputs: there is none without a name"),
        ({"outputs": [{"name": "output_0", "parameters": 1}]}, "parameters: expected an object"),
        ({"inputs": None}, "inputs: expected a list of objects, not null"),
    ],
)
def test_the_other_members_are_looked_at_too(client: FlaskClient, changes: Any, error: str) -> None:
    reply = client.post(f"{MODEL}/infer", json={"inputs": [X], **changes})
    assert (reply.status_code, error in reply.json["error"]) == (400, True)


def test_a_member_that_is_there_twice_is_refused(client: FlaskClient) -> None:
    body = json.dumps({"inputs": [X]})[:-1] + ', "id": "a", "id": "b"}'
    reply = client.post(f"{MODEL}/infer", data=body)
    assert (reply.status_code, reply.json["error"]) == (400, 'the body: "id" appears twice')
    tensor = '{"name": "features", "shape": [1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}'
    head = f'{{"inputs": [{tensor}, "name": "x"}}]}}'.encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    reply = client.post(f"{MODEL}/infer", data=head + bytes(12), headers=headers)
    assert (reply.status_code, "appears twice" in reply.json["error"]) == (400, True)


@pytest.mark.parametrize(
    ("changes", "raw", "error"),
    [
        ({}, b"", "and 0 are there behind the JSON"),
        ({}, bytes(11), "and 11 are there behind the JSON"),
        ({}, bytes(13), "1 bytes are left behind the last tensor"),
        ({"datatype": "INT16"}, bytes(12), "shape [1, 3] of INT16 is 6 bytes, not 12"),
        ({"datatype": "BF16"}, bytes(6), "expected a datatype of numbers, like FP32, not BF16"),
        ({"parameters": {"binary_data_size": 24}}, bytes(24), "shape [1, 3] of FP32 is 12 bytes, not 24"),
        ({"datatype": "INT8", "shape": [1, 1], "parameters": {"binary_data_size": True}}, b"6", "is 1 bytes, not True"),
        ({"parameters": {"binary_data_size": "12"}}, bytes(12), "is 12 bytes, not 12"),
        ({}, np.array([6, np.nan, 66.5], "<f4").tobytes(), "tax: NaN is not a number"),
        ({}, np.array([6, 250], "<f4").tobytes() + b"\x01\x00\x80\x7f", "age: NaN is not a number"),
        ({}, np.array([6, 250, -np.inf], "<f4").tobytes(), "age: is too large"),
        ({}, np.array([6, 250, 66.5], ">f4").tobytes(), "lies outside the limits"),
    ],
)
def test_bytes_that_do_not_fit_are_refused(client: FlaskClient, changes: Any, raw: bytes, error: str) -> None:
    tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}}
    reply = infer_bytes(client, [{**tensor, **changes}], raw)
    assert (reply.status_code, list(reply.json)) == (400, ["error"])
    assert error in reply.json["error"]


@pytest.mark.parametrize("length", ["x", "-1", "٣", "1000000", "9" * 5000, ""])
def test_a_wrong_length_of_the_json_is_refused(client: FlaskClient, length: str) -> None:
    environ = {"HTTP_INFERENCE_HEADER_CONTENT_LENGTH": length}
    reply = client.post(f"{MODEL}/infer", data=b"{}", environ_overrides=environ)
    assert (reply.status_code, "Inference-Header-Content-Length" in reply.json["error"]) == (400, True)


def test_a_version_in_the_url_answers_and_is_in_the_log(client: FlaskClient, settings: Settings) -> None:
    publish(settings.models)
    reply = client.post(f"{MODEL}/versions/2/infer", json={"inputs": [X]})
    assert (reply.status_code, reply.json["model_version"]) == (200, "2")
    (row,) = logged(settings, "predictions")
    assert (row["version"], row["role"]) == ("2", "pinned")


def test_the_metadata_is_enough_to_ask(client: FlaskClient, settings: Settings) -> None:
    publish(settings.models)
    server = client.get("/v2").json
    assert server["extensions"] == ["binary_tensor_data"]
    for path in (MODEL, f"{MODEL}/versions/2"):
        metadata = client.get(path).json
        assert metadata["name"] == "boston"
        assert metadata["versions"] == ["1", "2"]
        (tensor,) = metadata["inputs"]
        assert (tensor["datatype"], tensor["shape"]) == ("FP32", [-1, 3])
        assert infer(client, {**tensor, "shape": [1, 3], "data": [6, 250, 66.5]}).status_code == 200
        assert metadata["outputs"] == [{"name": "output_0", "datatype": "FP32", "shape": [-1, 1]}]


def test_health_says_whether_a_prediction_can_be_made(client: FlaskClient, settings: Settings) -> None:
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True}
    assert client.get(f"{MODEL}/ready").json == {"name": "boston", "ready": True}
    publish(settings.models)
    (settings.models / "boston" / "2" / "model.tflite").write_bytes(b"")
    unsound = client.get(f"{MODEL}/versions/2/ready")
    assert (unsound.status_code, unsound.json) == (503, {"name": "boston", "ready": False})


def test_a_service_without_a_model_is_not_ready(make_app: Any, settings: Settings) -> None:
    client = make_app(models=settings.models / "none").test_client()
    assert client.get("/v2/health/live").status_code == 200
    ready = client.get("/v2/health/ready")
    assert (ready.status_code, ready.json) == (503, {"ready": False})
    assert client.get(f"{MODEL}/ready").status_code == 503
    assert infer(client, X).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404),
        ("GET", f"{MODEL}/versions/9", 404),
        ("GET", f"{MODEL}/versions/9/ready", 404),
        ("GET", f"{MODEL}/versions/one", 404),
        ("POST", f"{MODEL}/versions/9/infer", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", f"{MODEL}/infer", 405),
        ("POST", MODEL, 405),
        ("GET", "/v2/nowhere", 404),
    ],
)
def test_what_is_not_there_is_told_in_the_protocols_own_body(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    reply = client.open(path, method=method, json={"inputs": [X]} if method == "POST" else None)
    assert (reply.status_code, list(reply.json)) == (status, ["error"])
