"""The document of the interface: valid, whole, and in step with what the service does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31
from werkzeug.test import TestResponse

from app.endpoints.openapi.schemas import bounds
from app.settings import Settings
from registry import Actor, Signature, VersionStore
from tests.conftest import HOUSES, LINEAR, publish

# One category, with codes that are no float32, and limits that are none.
ODD = replace(
    HOUSES,
    inputs=(
        replace(HOUSES.inputs[0], categories=(4.1, 6.0), category_labels=("four", "six"), aliases=("rooms", "r")),
        replace(HOUSES.inputs[1], limits=(0.1, 700.3)),
        HOUSES.inputs[2],
    ),
)
PROTOCOLS = {"/v1": "TensorFlow Serving", "/v2": "Open Inference", "/invocations": "MLflow"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    return read(client)


def read(client: FlaskClient) -> dict[str, Any]:
    reply = client.get("/openapi.json")
    assert (reply.status_code, reply.content_type) == (200, "application/json")
    return dict(reply.json)


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of the document, wherever it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            elif key == "schemas":
                yield from value.values()
            if key not in ("schema", "examples"):
                yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def concrete(path: str, operation: dict[str, Any]) -> str:
    """The path with an example for each of its parameters."""
    for item in operation["parameters"]:
        if item.get("in") == "path":
            value = item["example"] if "example" in item else item["schema"]["enum"][0]
            path = path.replace(f"{{{item['name']}}}", str(value))
    return path


def send(client: FlaskClient, path: str, media_type: str, body: Any, **headers: str) -> TestResponse:
    if media_type == "multipart/form-data":
        data: Any = {name: (io.BytesIO(text.encode()), "rows.csv", "text/csv") for name, text in body.items()}
    elif media_type == "application/x-www-form-urlencoded" or isinstance(body, str):
        data = body
    else:
        data = json.dumps(body)
    return client.post(path, data=data, content_type=media_type, headers=headers, buffered=True)


def response_of(document: dict[str, Any], operation: dict[str, Any], status: int) -> dict[str, Any]:
    """The documented response of a status."""
    response = operation["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return dict(response)


def assert_documented(document: dict[str, Any], operation: dict[str, Any], reply: TestResponse) -> None:
    """The status, the body and the headers of a reply are those that the document has for its operation."""
    response = response_of(document, operation, reply.status_code)
    for name in response["headers"]:
        assert name in reply.headers or not document["components"]["headers"][name].get("required"), name
    if "content" in response:
        schema = response["content"][reply.mimetype]["schema"]
        if reply.mimetype == "application/json":
            assert list(validator(document, schema).iter_errors(reply.json)) == []


def test_the_document_is_valid_and_so_is_every_schema_and_reference(document: dict[str, Any]) -> None:
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(document)) == []
    found = list(schemas(document))
    assert len(found) > 50
    for schema in found:
        Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    for kind, items in document["components"].items():
        for name in items:
            assert f'"#/components/{kind}/{name}"' in text, f"nothing refers to {kind}/{name}"
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in document["tags"]}
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} == tags


def test_every_route_is_in_the_document_and_every_path_is_a_route(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    files = {"/static/<path:filename>", "/docs/<name>"}
    said_once = {"/v1", "/v1/", "/v1/<path:rest>", "/v1/models/boston:predict", "/v1/models/boston:regress"}
    twice = {"/v2/models/boston/infer"}  # the short way of what is there with a <name>
    routes = {
        (rule.rule.replace("int:", "").replace("<", "{").replace(">", "}"), method.lower())
        for rule in client.application.url_map.iter_rules()
        if rule.rule not in files | said_once | twice
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    said = {(path, method) for path, method, _ in operations(document) if not path.startswith("/v1/")}
    assert said == routes


def test_every_documented_path_of_tensorflow_serving_is_answered(client: FlaskClient, document: dict[str, Any]) -> None:
    paths = [found for found in operations(document) if found[0].startswith("/v1/")]
    places = ("", "/versions/{version}", "/labels/{label}")
    ends = (":predict", ":regress", "", "/metadata")
    assert {path for path, _, _ in paths} == {f"/v1/models/{{model}}{place}{end}" for place in places for end in ends}
    for path, method, operation in paths:
        reply = client.open(concrete(path, operation), method=method.upper())
        assert "Malformed request" not in reply.text
        assert_documented(document, operation, reply)


def test_every_page_and_check_answers_as_documented(client: FlaskClient, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method == "get":
            reply = client.get(concrete(path, operation))
            assert reply.status_code == 200, path
            assert_documented(document, operation, reply)


def test_every_example_is_answered_as_documented(client: FlaskClient, document: dict[str, Any]) -> None:
    count = 0
    for path, _, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                count += 1
                body = example["value"]
                assert list(validator(document, content["schema"]).iter_errors(body)) == [], (path, name)
                for accept in operation["responses"]["200"]["content"]:
                    if accept == "application/octet-stream":
                        continue
                    reply = send(client, concrete(path, operation), media_type, body, Accept=accept)
                    assert (reply.status_code, reply.mimetype) == (200, accept), (path, name, reply.text)
                    assert "X-Model-Version" in reply.headers
                    assert_documented(document, operation, reply)
    assert count > 30


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        ("{", "application/json", 400),
        ("[6, 250, 66.5]", "text/html", 415),
        ("[6, 250, 6666]", "application/json", 422),
        ("[1, 2000, 100]", "application/json", 500),
        (f"[{' ' * (1 << 20)}]", "application/json", 413),
    ],
)
def test_every_protocol_refuses_as_documented(
    client: FlaskClient, document: dict[str, Any], body: str, media_type: str, status: int
) -> None:
    for path, method, operation in operations(document):
        if method == "post":
            wrong = body if path == "/predict_json" else '{"instances": [[1, 2000, 100]]}' if status == 500 else body
            reply = send(client, concrete(path, operation), media_type, wrong)
            assert reply.status_code >= 400
            assert_documented(document, operation, reply)
    assert send(client, "/predict_json", media_type, body).status_code == status


def test_another_method_is_refused_as_documented(client: FlaskClient, document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        reply = client.open(concrete(path, operation), method="PUT")
        assert reply.status_code == (400 if path.startswith("/v1/") else 405)
        assert_documented(document, operation, reply)


def test_without_a_champion_every_route_answers_as_it_would_be_documented(
    make_app: Callable[..., Flask], document: dict[str, Any], tmp_path: Path
) -> None:
    client = make_app(models=tmp_path / "empty").test_client()
    assert client.get("/openapi.json").status_code == 503
    assert client.get("/docs").status_code == 200
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        media_type = next(iter(content), "")
        examples = content.get(media_type, {}).get("examples", {"": {"value": ""}})
        body = next(iter(examples.values()))["value"]
        where = concrete(path, operation)
        reply = client.get(where) if method == "get" else send(client, where, media_type, body)
        assert_documented(document, operation, reply)


def test_limits_codes_and_names_are_the_signatures(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    publish(tmp_path / "other", ODD)
    parts = read(make_app(models=tmp_path / "other", max_rows=7).test_client())["components"]["schemas"]
    rooms, tax, age = (parts[f"input.{name}"] for name in ODD.names)
    assert rooms["enum"] == [4.099999904632568, 4.1, 6]
    assert rooms["description"] == "4.1: four, 6: six"
    assert (age["minimum"], age["maximum"], age["title"], age["description"]) == (0, 100, "Built before 1940", "%")
    assert (tax["minimum"], tax["maximum"]) == (0.1, 700.3)
    assert parts["RowByName"]["required"] == ["tax", "age"]
    assert parts["RowByName"]["allOf"] == [{"oneOf": [{"required": [name]} for name in ("rm", "rooms", "r")]}]
    assert parts["Rows"]["maxItems"] == 7
    assert (parts["Prediction"]["minimum"], parts["Prediction"]["maximum"]) == (0, 100)


def test_a_limit_reaches_to_the_float32_next_to_it() -> None:
    assert bounds(0.1, 0.1) == {"type": "number", "minimum": 0.1, "maximum": 0.10000000149011612}
    assert bounds(-3.4028234663852886e38, 7) == {"type": "number", "minimum": -3.4028234663852886e38, "maximum": 7}


def numbers(signature: Signature) -> st.SearchStrategy[Any]:
    """Numbers inside, at, beside and far from what some input accepts; and what is none."""
    edges = [edge for item in signature.inputs for edge in (*item.limits, *item.categories)]
    near = [edge + step for edge in edges for step in (-1e-9, 0, 1e-9, -1, 1)]
    return st.one_of(
        st.sampled_from([*edges, *near]),
        st.sampled_from([float(value) for value in bounds(0.1, 700.3).values() if not isinstance(value, str)]),
        st.floats(0, 100),
        st.integers(-(2**63), 2**64),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([True, None, "6", "", [], {}]),
    )


@st.composite
def rows(draw: st.DrawFn, signature: Signature) -> Any:
    """A row that is right, with up to two things changed."""
    good = [
        draw(st.sampled_from(item.categories) if item.categories else st.floats(*item.limits))
        for item in signature.inputs
    ]
    row = {draw(st.sampled_from(item.names)): value for item, value in zip(signature.inputs, good, strict=True)}
    names = [name for item in signature.inputs for name in item.names]
    for _ in range(draw(st.integers(0, 2))):
        row[draw(st.sampled_from([*names, "other"]))] = draw(numbers(signature))
        if draw(st.booleans()):
            row.pop(draw(st.sampled_from(sorted(row))))
    return row if draw(st.booleans()) else list(row.values())


@pytest.fixture
def odd(make_app: Callable[..., Flask], tmp_path: Path) -> FlaskClient:
    publish(tmp_path / "odd", ODD)
    return make_app(models=tmp_path / "odd", max_rows=3).test_client()


def test_a_row_is_accepted_exactly_if_its_schema_accepts_it(odd: FlaskClient) -> None:
    document = read(odd)
    schema = document["paths"]["/predict_json"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body = validator(document, schema)
    seen: set[bool] = set()

    @hypothesis_settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(st.one_of(rows(ODD), st.lists(rows(ODD), min_size=1, max_size=4)))
    def check(row: Any) -> None:
        accepted = odd.post("/predict_json", json=row).status_code in (200, 500)
        assert accepted == body.is_valid(row)
        seen.add(accepted)

    check()
    assert seen == {True, False}


def layouts(some: list[Any]) -> Iterator[tuple[str, Any]]:
    """The ways to ask other protocols for the same rows."""
    yield "/v1/models/boston:predict", {"instances": some}
    yield "/v1/models/boston:predict", {"inputs": some}
    yield "/v1/models/boston:regress", {"examples": some}
    yield "/invocations", {"instances": some}
    yield "/invocations", {"dataframe_records": some}
    yield "/invocations", {"dataframe_split": {"data": some}}
    if all(isinstance(row, list) for row in some):
        shape = [len(some), 3]
        yield (
            "/v2/models/boston/infer",
            {"inputs": [{"name": "features", "shape": shape, "datatype": "FP64", "data": some}]},
        )
    if all(isinstance(row, dict) for row in some) and len({tuple(row) for row in some}) == 1 and some[0]:
        columns = {name: [row[name] for row in some] for name in some[0]}
        yield "/v1/models/boston:predict", {"inputs": columns}
        yield "/invocations", {"inputs": columns}
        yield (
            "/v2/models/boston/infer",
            {
                "inputs": [
                    {"name": name, "shape": [len(some)], "datatype": "FP64", "data": cells}
                    for name, cells in columns.items()
                ]
            },
        )


def test_every_protocol_accepts_rows_exactly_if_its_schema_does(odd: FlaskClient) -> None:
    document = read(odd)
    bodies = {
        concrete(path, operation): validator(
            document, operation["requestBody"]["content"]["application/json"]["schema"]
        )
        for path, method, operation in operations(document)
        if method == "post" and "application/json" in operation["requestBody"]["content"]
    }
    seen: dict[str, set[bool]] = {}

    @hypothesis_settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(st.lists(rows(ODD), min_size=1, max_size=4))
    def check(some: list[Any]) -> None:
        for path, body in layouts(some):
            accepted = odd.post(path, json=body).status_code in (200, 500)
            assert accepted == bodies[path].is_valid(body), (path, body)
            seen.setdefault(f"{path} {next(iter(body))}", set()).add(accepted)

    check()
    assert len(seen) == 8
    assert all(both == {True, False} for both in seen.values())


def test_examples_are_training_rows_that_need_no_warning(tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    store = VersionStore(tmp_path / "other", "boston")
    text = "rm,tax,age,medv\n99,250,66.5,20\n6,800,66.5,20\n6.5,300,50,20\n8,711,100,20\n5,200.5,40,20\n"
    publish_with(store, text)
    assert store.reference(1)[0] == (99, 250, 66.5)
    document = read(make_app(models=tmp_path / "other").test_client())
    examples = document["paths"]["/predict_json"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples["rows, by position"]["value"] == [[6.5, 300, 50], [8, 711, 100]]


@pytest.mark.parametrize("text", ["", "age,rm\n1,2\n", "rm,tax,age,medv\n1,x,3,4\n", "rm,tax,age,medv\n1\n"])
def test_without_usable_training_rows_the_signatures_example_is_shown(
    tmp_path: Path, make_app: Callable[..., Flask], text: str
) -> None:
    publish_with(VersionStore(tmp_path / "other", "boston"), text)
    document = read(make_app(models=tmp_path / "other").test_client())
    examples = document["paths"]["/predict_json"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples["one row, by position"]["value"] == [6, 250, 66.5]


def publish_with(store: VersionStore, reference: str) -> None:
    with store.staging() as folder:
        (folder / "model.tflite").write_bytes(LINEAR.read_bytes())
        (folder / "signature.json").write_text(json.dumps(HOUSES.to_json()))
        (folder / "card.json").write_text("{}")
        (folder / "reference.csv").write_text(reference)
        store.publish(folder, Actor("tests"))


def test_the_document_is_made_once_for_a_version(client: FlaskClient, settings: Settings) -> None:
    first = client.get("/openapi.json").data
    (settings.models / "boston" / "1" / "signature.json").unlink()  # nothing of it is read again
    assert client.get("/openapi.json").data == first


def test_the_page_has_its_own_files_and_no_others(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    assert '<a href="/docs">API</a>' in page.text
    for path in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/static/docs.js"):
        assert path in page.text
        with client.get(path) as reply:
            assert reply.status_code == 200
            assert reply.headers["ETag"]
    for path in ("/docs/index.html", "/docs/nothing", "/docs/../settings.py"):
        assert client.get(path).status_code == 404
