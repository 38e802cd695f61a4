"""``/v1``: what TensorFlow Serving's REST clients send, what they are answered, and in which words they are refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import MakeClient, Service
from tests.app.requests import PREDICTION, ROW
from tests.conftest import publish

MODEL = "/v1/models/boston"
ONE = {"instances": [ROW]}


def test_the_content_type_does_not_matter_because_curl_declares_a_form(service: Service) -> None:
    body = '{"instances": [[6, 250, 66.5]]}'
    for content_type in ("application/x-www-form-urlencoded", "text/plain", ""):
        assert service.post(f"{MODEL}:predict", data=body, content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"context": {"tax": 250}, "examples": [{"rm": 6, "age": 66.5}]},
        {"context": {"tax": [250]}, "examples": [{"rm": 6, "age": [66.5]}]},
    ],
)
def test_the_context_of_a_regress_request_is_part_of_each_example(service: Service, body: Any) -> None:
    reply = service.post(f"{MODEL}:regress", json=body)
    assert (reply.status_code, reply.json) == (200, {"results": [PREDICTION]})


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        (":predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
        (":predict", '{"instances": [[1]], "inputs": [[1]]}', 400, "expecting only one of 'inputs' or 'instances'"),
        (":predict", '{"instances": [[6, 250, 66.5]]', 400, "the body is not JSON"),
        (":predict", "[[6, 250, 66.5]]", 400, "the body: expected an object, not a list"),
        (":predict", '{"instances": 6}', 400, "instances: expected a list, not a number"),
        (":predict", '{"instances": []}', 400, "instances: there is no row"),
        (":predict", '{"instances": [[6, 250]]}', 400, "age: is missing"),
        (":predict", '{"instances": [{"features": [6, 250]}]}', 400, "age: is missing"),
        (":predict", '{"instances": [[6, 2500, 66.5]]}', 400, "tax: 2500 lies outside the limits"),
        (":predict", '{"instances": [{"rm": 6, "tax": 250, "age": 1, "b": 1}]}', 400, "b: no such input"),
        (":predict", '{"instances": [[6, 250, 1]], "instances": [[6, 250, 1]]}', 400, '"instances" appears twice'),
        (":predict", '{"instances": [{"features": [6, 250, 66.5]}, 7]}', 400, "row 1: expected a row"),
        (":predict", '{"inputs": {"rm": [6], "tax": [250, 1], "age": [1]}}', 400, "the columns have 1 and 2 values"),
        (":predict", '{"inputs": {"rm": 6}}', 400, "rm: expected a list, not a number"),
        (":predict", '{"inputs": {}}', 400, "there is no row"),
        (":predict", '{"signature_name": "s", "instances": [[1]]}', 400, 'name: "s" not found in signature def'),
        (":predict", '{"signature_name": ["s"], "instances": [[1]]}', 400, "expected a text, not a list"),
        (":regress", "{}", 400, "Missing 'examples' key"),
        (":regress", '{"examples": [[6, 250, 66.5]], "context": [1]}', 400, "context: expected an object, not a list"),
        (":regress", '{"examples": [{"rm": 6, "tax": 1, "age": 1}], "context": {"tax": 2}}', 400, "tax: appears twice"),
        (":regress", '{"examples": [{"rm": [6, 7], "tax": 1, "age": 1}]}', 400, "rm: expected a number, not a list"),
        (":classify", '{"examples": [{"rm": 6}]}', 400, "Expected classification signature"),
        (":predict", '{"instances": [[1, 2000, 100]]}', 500, "not plausible for medv"),
        (":explain", "{}", 400, "Malformed request: POST /v1/models/boston:explain"),
        ("", "{}", 400, "Malformed request: POST /v1/models/boston"),
        ("/versions/one:predict", "{}", 400, "Malformed request: POST /v1/models/boston/versions/one:predict"),
        ("/versions/9:predict", '{"instances": [[1]]}', 404, "Servable not found for request: Specific(boston, 9)"),
        ("/labels/blue:predict", '{"instances": [[1]]}', 400, "Unrecognized servable version label: blue"),
        ("s:predict", '{"instances": [[1]]}', 404, "Servable not found for request: Latest(bostons)"),
    ],
)
def test_a_bad_request_is_refused_in_the_protocols_own_body_and_has_its_row(
    service: Service, path: str, body: str, status: int, error: str
) -> None:
    reply = service.post(MODEL + path, data=body, content_type="application/json")
    service.check_error(reply, status, error)
    assert reply.content_type == "application/json"


@pytest.mark.parametrize(
    "body",
    [
        '{"instances": [[6, 250, 66.5]], "x": ' + "[" * 1000 + "]" * 1000 + "}",
        '{"instances": ' + "[" * 1000 + "]" * 1000 + "}",
        '{"instances": [[6, 250, 66.5]], ' + ", ".join(f'"{number}": 0' for number in range(60_000)) + ', "59999": 0}',
    ],
    ids=["deep beside the rows", "deep rows", "many members"],
)
def test_deep_and_wide_bodies_are_answered_soon(service: Service, body: str) -> None:
    start = time.monotonic()
    assert service.post(f"{MODEL}:predict", data=body).status_code in (200, 400)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_a_malformed_request(service: Service, method: str) -> None:
    reply = service.open(f"{MODEL}:predict", method=method)
    assert (reply.status_code, reply.json) == (400, {"error": f"Malformed request: {method} {MODEL}:predict"})


def test_a_version_or_a_label_in_the_url_answers_and_is_in_the_log(client: Service) -> None:
    publish(client.settings.models)
    for path, version, role in [
        ("/versions/1", "1", "champion"),
        ("/versions/2", "2", "pinned"),
        ("/labels/champion", "1", "champion"),
        ("/labels/challenger", "2", "pinned"),
    ]:
        reply = client.post(f"{MODEL}{path}:predict", json=ONE)
        assert (reply.status_code, reply.headers["X-Model-Version"]) == (200, version)
        (row,) = client.new_rows("predictions")
        assert (row["version"], row["role"]) == (version, role)


def test_the_status_of_a_version_is_loaded_not_asked_for_yet_or_damaged(client: Service) -> None:
    models = client.settings.models
    ok = {"error_code": "OK", "error_message": ""}
    for _ in (2, 3):
        publish(models)
    (models / "boston" / "3" / "model.tflite").write_bytes(b"")
    states = client.get(MODEL).json["model_version_status"]
    assert states == [
        {"version": "1", "state": "AVAILABLE", "status": ok},
        {"version": "2", "state": "START", "status": ok},
        {"version": "3", "state": "START", "status": ok},
    ]
    (second,) = client.get(f"{MODEL}/versions/2").json["model_version_status"]
    (third,) = client.get(f"{MODEL}/labels/challenger").json["model_version_status"]
    assert second == {"version": "2", "state": "AVAILABLE", "status": ok}
    assert third["state"] == "END"
    assert "model.tflite was changed" in third["status"]["error_message"]
    assert [state["state"] for state in client.get(MODEL).json["model_version_status"]] == ["AVAILABLE"] * 2 + ["END"]
    reply = client.post(f"{MODEL}/versions/3:predict", json=ONE)
    assert (reply.status_code, "model.tflite was changed" in reply.json["error"]) == (503, True)


def test_the_list_of_models_has_the_one_with_the_states_of_its_versions(service: Service) -> None:
    assert service.get("/v1/models").json == {"models": [{"name": "boston", **service.get(MODEL).json}]}


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/v1/models/versions/1", 400, "Missing model name in request."),
        ("/v1/models/half", 404, "Could not find any versions of model half"),
        ("/v1/models/boston/versions/9", 404, "Could not find version 9 of model boston"),
        ("/v1/models/boston/labels/blue", 400, "Unrecognized servable version label: blue"),
        ("/v1/models/half/metadata", 404, "Servable not found for request: Latest(half)"),
        ("/v1", 400, "Malformed request: GET /v1"),
        ("/v1/models/boston/versions/-1", 400, "Malformed request: GET /v1/models/boston/versions/-1"),
    ],
)
def test_what_is_not_there_is_an_error(service: Service, path: str, status: int, error: str) -> None:
    reply = service.get(path)
    assert (reply.status_code, reply.json) == (status, {"error": error})


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_the_metadata_is_that_of_the_versions_saved_model(
    published: Path, make_client: MakeClient, number: int
) -> None:
    from google.protobuf.json_format import MessageToDict
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((published / "boston" / str(number) / "saved_model.pb").read_bytes())
    expected = MessageToDict(saved.meta_graphs[0].signature_def["serving_default"], preserving_proto_field_name=True)
    client = make_client(models=published)
    metadata = client.get(f"{MODEL}/versions/{number}/metadata").json
    if number == 1:  # the champion
        assert client.get(f"{MODEL}/metadata").json == metadata
    assert metadata["model_spec"] == {"name": "boston", "signature_name": "", "version": str(number)}
    reply = metadata["metadata"]["signature_def"]["signature_def"]
    for tensors in ("inputs", "outputs"):
        for name, tensor in reply["serving_default"][tensors].items():
            assert tensor["tensor_shape"].pop("unknown_rank") is False
            assert [dimension.pop("name") for dimension in tensor["tensor_shape"]["dim"]] == ["", ""]
            assert tensor == expected[tensors].pop(name)
        assert expected[tensors] == {}
    assert reply["serving_default"]["method_name"] == expected["method_name"]


def test_the_metadata_of_a_model_with_texts_has_a_tensor_for_each_input(flats: Service, service: Service) -> None:
    def inputs(client: Service, model: str) -> dict[str, Any]:
        metadata = client.get(f"/v1/models/{model}/metadata").json["metadata"]
        return dict(metadata["signature_def"]["signature_def"]["serving_default"]["inputs"])

    assert {name: tensor["dtype"] for name, tensor in inputs(flats, "flats").items()} == {
        "rooms": "DT_FLOAT",
        "district": "DT_STRING",
        "balcony": "DT_STRING",
    }
    assert [size["size"] for size in inputs(flats, "flats")["district"]["tensor_shape"]["dim"]] == ["-1", "1"]
    assert inputs(service, "boston").keys() == {"features"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"instances": [{"rooms": 3}]}, "district: is missing"),
        ({"instances": [[3, "Höchst"]]}, "balcony: is missing"),  # a row by position has all of them
        ({"instances": [[3, 2, True]]}, "district: expected a text like"),
        ({"instances": [[-13, "Höchst", True]]}, "rooms: -13 lies outside the limits 1 to 15"),
        ({"inputs": {"district": ["Höchst"], "rooms": [3, None]}}, "the columns have 1 and 2 values"),
    ],
)
def test_texts_that_do_not_fit_are_refused(flats: Service, body: Any, error: str) -> None:
    flats.check_error(flats.post("/v1/models/flats:predict", json=body), 400, error)
