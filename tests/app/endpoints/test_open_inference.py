"""``/v2``: the Open Inference Protocol, in JSON and with tensors as bytes behind it."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from tests.app.conftest import Service
from tests.app.requests import PREDICTION, ROW, TENSOR, V2, bytes_tensor, infer
from tests.conftest import HOUSES, publish

ARRAY = np.array([[6, 250, 66.5], [7, 300, 10]], "<f4")


def test_the_reply_names_the_version_and_the_shape(service: Service) -> None:
    reply = infer(service, TENSOR, id="mine.1")
    assert reply.status_code == 200
    assert reply.json == {
        "model_name": "boston",
        "model_version": "1",
        "id": "mine.1",
        "outputs": [{"name": "output_0", "shape": [1, 1], "datatype": "FP32", "data": [PREDICTION]}],
    }


def test_a_request_that_is_refused_keeps_its_id(service: Service) -> None:
    for wrong in ({"inputs": []}, {"inputs": [TENSOR], "outputs": [{"name": "other"}]}):
        reply = service.post(f"{V2}/infer", json={"id": "mine.2", **wrong})
        assert (reply.status_code, reply.headers["X-Request-ID"]) == (400, "mine.2")
    assert {row["request_id"] for row in service.new_rows("requests")} == {"mine.2"}


@pytest.mark.parametrize(
    ("headers", "sent", "request_id"),
    [
        ({}, "mine.1", "mine.1"),
        ({"X-Request-ID": "head"}, "body", "head"),
        ({}, "no id of ours\n", None),
        ({}, None, None),
    ],
)
def test_the_request_id_is_the_header_or_a_usable_id_and_any_text_is_echoed(
    service: Service, headers: dict[str, str], sent: str | None, request_id: str | None
) -> None:
    reply = service.post(f"{V2}/infer", json={"id": sent, "inputs": [TENSOR]}, headers=headers)
    used = reply.headers["X-Request-ID"]
    assert used == request_id if request_id else len(used) == 36
    assert reply.json["id"] == (sent or used)
    for stream in ("requests", "predictions"):
        assert [row["request_id"] for row in service.new_rows(stream)] == [used]


def test_columns_of_a_data_frame_that_are_no_input_are_left_out(service: Service) -> None:
    inputs = [bytes_tensor(np.array([cell], "<f4"), name=name) for name, cell in zip(HOUSES.names, ROW, strict=True)]
    town = {
        "name": "town",
        "shape": [1, 1],
        "datatype": "BYTES",
        "data": ["Lynn"],
        "parameters": {"content_type": "str"},
    }
    raw = np.array(ROW, "<f4").tobytes()
    frame = {"content_type": "pd"}
    assert infer(service, town, *inputs, raw=raw, parameters=frame).json["outputs"][0]["data"] == [PREDICTION]
    refused = {"a datatype of numbers": ({}, town), "no such input": ({}, {**inputs[0], "name": "x"})}
    # Bytes that nobody reads would make the next tensor another one.
    refused["like FP32, not BYTES"] = (frame, {**town, "parameters": {"binary_data_size": 4}})
    refused["expected an object"] = (frame, {**town, "parameters": 4})
    for message, (parameters, other) in refused.items():
        reply = infer(service, other, *inputs, raw=raw[:4] + raw, parameters=parameters)
        assert (reply.status_code, message in reply.json["error"]) == (400, True), reply.json


@pytest.mark.parametrize("outputs", [None, [], [{"name": "output_0"}], [{"name": "output_0", "parameters": None}]])
def test_the_output_may_be_named(service: Service, outputs: Any) -> None:
    assert infer(service, TENSOR, outputs=outputs).json["outputs"][0]["data"] == [PREDICTION]


def test_values_outside_the_training_range_are_named_in_a_parameter(service: Service) -> None:
    reply = infer(service, {**TENSOR, "data": [6, 800, 0]}).json
    warnings = [f"row 0: {what} lies outside the training range" for what in ("tax: 800", "age: 0")]
    assert [text.rpartition(" ")[0] for text in reply["parameters"]["warnings"].split("; ")] == warnings


def test_the_log_holds_the_bytes_in_base64_behind_the_json(service: Service) -> None:
    tensor = bytes_tensor(ARRAY)
    infer(service, tensor, raw=ARRAY.tobytes())
    head, encoded = service.new_rows("requests")[0]["body"].split("\n")
    assert json.loads(head) == {"inputs": [tensor]}
    assert b64decode(encoded) == ARRAY.tobytes()


@pytest.mark.parametrize(
    "members",
    [
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "output_0", "parameters": {"binary_data": True}}]},
        {"outputs": [{"name": "output_0", "parameters": {"binary_data": True}}],
         "parameters": {"binary_data_output": False}},
    ],
)  # fmt: skip
def test_the_output_may_come_as_bytes(service: Service, members: Any) -> None:
    reply = infer(service, TENSOR, **members)
    length = int(reply.headers["Inference-Header-Content-Length"])
    assert reply.content_type == "application/octet-stream"
    output = json.loads(reply.data[:length])["outputs"][0]
    assert output == {
        "name": "output_0", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}
    }  # fmt: skip
    assert np.frombuffer(reply.data[length:], "<f4").tolist() == [PREDICTION]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ('"id": 7', "id: expected a text"),
        (r'"id": "\ud800"', "id: expected a text"),
        ('"id": "a", "id": "b"', 'the body: "id" appears twice'),
        ('"parameters": []', "parameters: expected an object"),
        ('"outputs": {}', "outputs: expected a list of objects"),
        ('"outputs": [{"name": "y"}]', "outputs: there is no y, only output_0"),
        ('"outputs": [{}]', "outputs: there is none without a name"),
        ('"outputs": [{"name": "output_0", "parameters": 1}]', "parameters: expected an object"),
    ],
)
def test_the_other_members_are_checked_too(service: Service, changes: str, error: str) -> None:
    body = json.dumps({"inputs": [TENSOR]})[:-1] + f", {changes}}}"
    service.check_error(service.post(f"{V2}/infer", data=body), 400, error)


@pytest.mark.parametrize("length", ["x", "-1", "٣", "1000000", "9" * 5000, ""])
def test_a_wrong_length_of_the_json_is_refused(service: Service, length: str) -> None:
    environ = {"HTTP_INFERENCE_HEADER_CONTENT_LENGTH": length}
    reply = service.post(f"{V2}/infer", data=b"{}", environ_overrides=environ)
    service.check_error(reply, 400, "Inference-Header-Content-Length")


def test_a_version_in_the_url_answers_and_is_in_the_log(client: Service) -> None:
    publish(client.settings.models)
    reply = client.post(f"{V2}/versions/2/infer", json={"inputs": [TENSOR]})
    assert (reply.status_code, reply.json["model_version"]) == (200, "2")
    (row,) = client.new_rows("predictions")
    assert (row["version"], row["role"]) == ("2", "pinned")


def test_the_metadata_is_enough_to_ask(client: Service) -> None:
    publish(client.settings.models)
    server = client.get("/v2").json
    assert server["extensions"] == ["binary_tensor_data"]
    for path in (V2, f"{V2}/versions/2"):
        metadata = client.get(path).json
        assert metadata["name"] == "boston"
        assert metadata["versions"] == ["1", "2"]
        (tensor,) = metadata["inputs"]
        assert (tensor["datatype"], tensor["shape"]) == ("FP32", [-1, 3])
        assert infer(client, {**tensor, "shape": [1, 3], "data": [6, 250, 66.5]}).status_code == 200
        assert metadata["outputs"] == [{"name": "output_0", "datatype": "FP32", "shape": [-1, 1]}]


def test_health_says_whether_a_prediction_can_be_made(client: Service) -> None:
    models = client.settings.models
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True}
    assert client.get(f"{V2}/ready").json == {"name": "boston", "ready": True}
    publish(models)
    (models / "boston" / "2" / "model.tflite").write_bytes(b"")
    unsound = client.get(f"{V2}/versions/2/ready")
    assert (unsound.status_code, unsound.json) == (503, {"name": "boston", "ready": False})


def test_a_service_without_a_model_is_not_ready(empty_service: Service) -> None:
    assert empty_service.get("/v2/health/live").status_code == 200
    ready = empty_service.get("/v2/health/ready")
    assert (ready.status_code, ready.json) == (503, {"ready": False})
    assert empty_service.get(f"{V2}/ready").status_code == 503
    assert infer(empty_service, TENSOR).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404),
        ("GET", f"{V2}/versions/9", 404),
        ("GET", f"{V2}/versions/9/ready", 404),
        ("GET", f"{V2}/versions/one", 404),
        ("POST", f"{V2}/versions/9/infer", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", f"{V2}/infer", 405),
        ("POST", V2, 405),
        ("GET", "/v2/nowhere", 404),
    ],
)
def test_an_unknown_path_or_method_gets_the_protocols_own_body(
    service: Service, method: str, path: str, status: int
) -> None:
    reply = service.open(path, method=method, json={"inputs": [TENSOR]} if method == "POST" else None)
    assert (reply.status_code, list(reply.json)) == (status, ["error"])


def test_the_metadata_of_a_model_with_texts_has_a_tensor_for_each_input(flats: Service, service: Service) -> None:
    assert flats.get("/v2/models/flats").json["inputs"] == [
        {"name": "rooms", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "district", "datatype": "BYTES", "shape": [-1, 1]},
        {"name": "balcony", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert service.get(V2).json["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 3]}]
