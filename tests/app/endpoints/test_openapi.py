"""The document of the interface: valid, complete, and in step with what the service does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31
from werkzeug.test import TestResponse

from app.endpoints.openapi.schemas import bounds
from app.endpoints.v2_tensors import DATATYPES
from app.http.tokens import new_token
from journal.feedback import FEEDBACK_FIELDS, MAX_COMMENT, MAX_ROW, MAX_SOURCE
from registry import CHAMPION, OUTPUT_TENSOR, SIGNATURE_NAME
from request_ids import is_request_id
from tests.app.conftest import MakeClient, Service
from tests.app.endpoints.test_query import SURE
from tests.app.requests import make_champion
from tests.conftest import HOUSES, publish
from tests.registry.conftest import publish_changed

# A category with a code that is not a float32, an input with limits that are not.
ODD = replace(
    HOUSES,
    inputs=(
        replace(HOUSES.inputs[0], categories=(4.1, 6.0), category_labels=("four", "six"), aliases=("rooms", "r")),
        replace(HOUSES.inputs[1], limits=(0.1, 700.3)),
        HOUSES.inputs[2],
    ),
)
Operation = tuple[str, str, dict[str, Any]]  # a path that can be requested, the method, the operation


def read(client: Service) -> dict[str, Any]:
    reply = client.get("/openapi.json")
    assert (reply.status_code, reply.content_type) == (200, "application/json")
    return dict(reply.json)


def resolved(document: dict[str, Any], node: Any) -> Any:
    """A part of the document with every reference replaced by what it refers to."""
    if isinstance(node, dict) and "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        return resolved(document, document["components"][kind][name])
    if isinstance(node, dict):
        return {key: resolved(document, value) for key, value in node.items()}
    return [resolved(document, value) for value in node] if isinstance(node, list) else node


def read_operations(document: dict[str, Any]) -> list[Operation]:
    operations = []
    for path, methods in resolved(document, document["paths"]).items():
        for method, operation in methods.items():
            where = path
            for item in operation["parameters"]:
                if item["in"] == "path":
                    value = item["example"] if "example" in item else item["schema"]["enum"][0]
                    where = where.replace(f"{{{item['name']}}}", str(value))
            operations.append((where, method, operation))
    return operations


@pytest.fixture
def document(client: Service) -> dict[str, Any]:
    return read(client)


@pytest.fixture
def operations(document: dict[str, Any]) -> list[Operation]:
    return read_operations(document)


def examples(operation: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        for example in content.get("examples", {}).values():
            yield media_type, example["value"], content["schema"]


def send(client: Service, path: str, media_type: str, body: Any, **headers: str) -> TestResponse:
    data = body if isinstance(body, str) or "form" in media_type else json.dumps(body)
    if media_type == "multipart/form-data" and "file" in body:
        data = {"file": (io.BytesIO(body["file"].encode()), "rows.csv", "text/csv")}
    return client.post(path, data=data, content_type=media_type, headers=headers, buffered=True)


def assert_documented(operation: dict[str, Any], reply: TestResponse) -> None:
    """The status, the headers and the body of a reply are those that the document has for its operation."""
    response = operation["responses"][str(reply.status_code)]
    for name, header in response["headers"].items():
        assert name in reply.headers or not header.get("required"), name
    if "content" in response:
        schema = response["content"][reply.mimetype]["schema"]
        if reply.mimetype == "application/json":
            assert list(Draft202012Validator(schema).iter_errors(reply.json)) == []


def test_the_document_is_valid_and_so_is_every_schema_and_reference(document: dict[str, Any]) -> None:
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(document)) == []
    text = json.dumps(document)
    for kind, items in document["components"].items():
        for name in items:
            assert f'"#/components/{kind}/{name}"' in text, f"nothing refers to {kind}/{name}"
    schemas = list(document["components"]["schemas"].values())
    json.loads(text, object_hook=lambda node: schemas.append(node.get("schema", {})) or node)
    for schema in schemas:
        Draft202012Validator.check_schema(schema)
    every = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in every}) == len(every)
    assert {tag for operation in every for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}


def test_every_route_and_no_other_path_is_in_the_document(client: Service, document: dict[str, Any]) -> None:
    files = {"/static/<path:filename>", "/static/tensorflow.js", "/docs/<name>"}
    first_version = {"/v1", "/v1/", "/v1/<path:rest>", "/v1/models/boston:predict", "/v1/models/boston:regress"}
    fast = {"/v2/models/boston/infer"}  # the short way of what is there with a <name>
    routes = {
        (rule.rule.replace("int:", "").replace("path:", "").replace("<", "{").replace(">", "}"), method.lower())
        for rule in client.application.url_map.iter_rules()
        if rule.rule not in files | first_version | fast
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    places, ends = ("", "/versions/{version}", "/labels/{label}"), (":predict", ":regress", "", "/metadata")
    for path in (f"/v1/models/{{model}}{place}{end}" for place in places for end in ends):
        routes.add((path, "post" if ":" in path else "get"))
    routes.add(("/v1/models", "get"))
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == routes


def test_what_is_written_down_is_what_the_code_says(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Datatype"]["enum"] == list(DATATYPES)
    assert schemas["SignatureName"]["enum"] == ["", SIGNATURE_NAME]
    output = schemas["InferenceRequest"]["properties"]["outputs"]["items"]
    assert output["properties"]["name"] == {"const": OUTPUT_TENSOR}
    assert document["components"]["parameters"]["label"]["example"] == CHAMPION
    assert is_request_id(schemas["RequestId"]["examples"][0])
    truth = schemas["Truth"]["properties"]
    assert tuple(truth) == FEEDBACK_FIELDS
    bounds = truth["row"]["maximum"], truth["source"]["maxLength"], truth["comment"]["maxLength"]
    assert bounds == (MAX_ROW, MAX_SOURCE, MAX_COMMENT)


def test_every_page_and_every_example_is_answered_as_documented(client: Service, operations: list[Operation]) -> None:
    reports = client.settings.log_folder / "reports"
    reports.mkdir(parents=True)
    (reports / "report-2026-11-25.html").write_text("<p>calm</p>")
    known = next(path.rpartition("/")[2] for path, _, _ in operations if path.startswith("/requests/"))
    client.post("/predict_json", json=[6, 250, 66.5], headers={"X-Request-ID": known})
    for path, method, operation in operations:
        if method == "get":
            reply = client.get(path)
            assert reply.status_code == (308 if path == "/form_async" else 200), path
            assert_documented(operation, reply)
            continue
        assert list(examples(operation))
        for media_type, body, schema in examples(operation):
            assert Draft202012Validator(schema).is_valid(body), (path, body)
            for accept in operation["responses"]["200"]["content"].keys() - {"application/octet-stream"}:
                reply = send(client, path, media_type, body, Accept=accept)
                assert (reply.status_code, reply.mimetype) == (200, accept), (path, body, reply.text)
                assert ("X-Model-Version" in reply.headers) == (not path.endswith("/feedback"))
                assert_documented(operation, reply)


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, "{"), (413, " " * (2 << 20)), (415, "[6, 250, 66.5]"), (422, "[6, 250, 6666]"), (500, "[1, 2000, 100]")],
)
def test_every_protocol_rejects_a_request_as_documented(
    client: Service, operations: list[Operation], status: int, body: str
) -> None:
    for path, method, operation in operations:
        if method == "post":
            wrong = f'{{"instances": [{body}]}}' if status == 500 and path != "/predict_json" else body
            reply = send(client, path, "text/html" if status == 415 else "application/json", wrong)
            assert reply.status_code == status if path == "/predict_json" else reply.status_code >= 400
            assert_documented(operation, reply)


def test_another_method_is_rejected_as_documented(client: Service, operations: list[Operation]) -> None:
    for path, _, operation in operations:
        reply = client.put(path)
        assert reply.status_code == (400 if path.startswith("/v1/") else 405)
        assert_documented(operation, reply)


def test_without_a_token_every_route_that_needs_one_refuses_as_documented(
    make_client: MakeClient, tmp_path: Path
) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(line)
    closed = make_client(**dict.fromkeys(("tokens", "page_tokens"), str(tmp_path / "tokens")), feedback_token=token)
    document = closed.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(document)) == []
    for path, method, operation in read_operations(document):
        reply = closed.open(path, method=method.upper())
        assert reply.status_code == (401 if "security" in operation else 200), path
        assert_documented(operation, reply)


def test_without_a_champion_every_route_answers_as_it_would_be_documented(
    empty_service: Service, operations: list[Operation]
) -> None:
    assert empty_service.get("/openapi.json").status_code == 503
    assert empty_service.get("/docs").status_code == 200
    for path, method, operation in operations:
        media_type, body, _ = next(examples(operation), ("", "", {}))
        reply = empty_service.get(path) if method == "get" else send(empty_service, path, media_type, body)
        assert_documented(operation, reply)


@pytest.fixture
def odd(make_client: MakeClient, tmp_path: Path) -> Service:
    publish(tmp_path / "odd", ODD)
    return make_client(models=tmp_path / "odd", max_rows=3)


def test_a_value_has_the_signatures_words_and_limits_up_to_the_next_float32(odd: Service) -> None:
    schemas = read(odd)["components"]["schemas"]
    codes = {"enum": [4.099999904632568, 4.1, 6], "title": "Rooms", "description": "4.1: four, 6: six"}
    assert schemas["input.rm"] == {"type": "number", **codes}
    tax = {"minimum": 0.1, "maximum": 700.3, "title": "Property tax", "description": "$ per $10,000"}
    assert schemas["input.tax"] == {"type": "number", **tax}
    median = {"minimum": 0, "maximum": 100, "title": "Median value", "description": "$1000"}
    assert schemas["Prediction"] == {"type": "number", **median}
    assert bounds(0.1, 0.1) == {"type": "number", "minimum": 0.1, "maximum": 0.10000000149011612}
    assert bounds(-3.4028234663852886e38, 7) == {"type": "number", "minimum": -3.4028234663852886e38, "maximum": 7}


EDGES = [edge for item in ODD.inputs for edge in (*item.limits, *item.categories)]
# Numbers inside, at, beside and far from what some input accepts; and values that are not numbers.
VALUES = st.one_of(
    st.sampled_from([edge + step for edge in EDGES for step in (-1e-9, 0, 1e-9, -1, 1)]),
    st.sampled_from([bounds(0.1, 700.3)["minimum"], bounds(0.1, 700.3)["maximum"]]),
    st.floats(0, 100),
    st.integers(-(2**63), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([True, None, "6", "", [], {}]),
)


@st.composite
def rows(draw: st.DrawFn) -> Any:
    """A row that is right, with up to two things changed."""
    row = {}
    for item in ODD.inputs:
        value = st.sampled_from(item.categories) if item.categories else st.floats(*item.limits)
        row[draw(st.sampled_from(item.names))] = draw(value)
    for _ in range(draw(st.integers(0, 2))):
        row[draw(st.sampled_from([*(name for item in ODD.inputs for name in item.names), "other"]))] = draw(VALUES)
        if draw(st.booleans()):
            row.pop(draw(st.sampled_from(sorted(row))))
    return row if draw(st.booleans()) else list(row.values())


def layouts(batch: list[Any]) -> Iterator[tuple[str, str, Any]]:
    """The ways to send the same rows: what it is called, path and body."""
    yield "row", "/predict_json", batch[0]
    yield "rows", "/predict_json", batch
    for name in ("instances", "data"):
        yield f"{name}, own", "/predict_json", {name: batch}
    yield "one inside", "/predict_json", {"inputs": batch[0]}
    for title, body in (("rows", {"inputs": batch}), ("frame", {"columns": ["age", "r", "tax"], "data": batch})):
        yield f"{title} beside an input", "/predict_json", {**body, "tax": 250}
    yield "frame", "/predict_json", {"columns": ["age", "r", "tax"], "data": batch, "index": [0]}
    yield "frame inside", "/predict_json", {"input_data": {"data": batch}}
    predict, infer = "/v1/models/boston:predict", "/v2/models/boston/infer"
    yield "instances", predict, {"instances": batch}
    yield "inputs", predict, {"inputs": batch}
    yield "examples", "/v1/models/boston:regress", {"examples": batch}
    yield "MLflow instances", "/invocations", {"instances": batch}
    yield "records", "/invocations", {"dataframe_records": batch}
    yield "split", "/invocations", {"dataframe_split": {"data": batch}}
    if all(isinstance(row, list) for row in batch):
        tensor = {"name": "features", "shape": [len(batch), 3], "datatype": "FP64", "data": batch}
        yield "tensor", infer, {"inputs": [tensor]}
        if all(len(row) == 3 for row in batch):
            yield "flat tensor", infer, {"inputs": [{**tensor, "data": [value for row in batch for value in row]}]}
    if all(isinstance(row, dict) for row in batch) and len({tuple(row) for row in batch}) == 1 and batch[0]:
        columns = {name: [row[name] for row in batch] for name in batch[0]}
        yield "columns", predict, {"inputs": columns}
        yield "MLflow columns", "/invocations", {"inputs": columns}
        yield "own columns", "/predict_json", columns
        indexed = {name: {str(row): cell for row, cell in enumerate(cells)} for name, cells in columns.items()}
        yield "indexed", "/predict_json", indexed
        yield "indexed inside", predict, {"inputs": indexed}
        parts = {"shape": [len(batch)], "datatype": "FP64"}
        yield "tensors", infer, {"inputs": [{"name": name, **parts, "data": cells} for name, cells in columns.items()]}


def test_every_protocol_accepts_rows_exactly_if_its_schema_does(odd: Service) -> None:
    schemas = {
        path: Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"])
        for path, method, operation in read_operations(read(odd))
        if method == "post" and "application/json" in operation["requestBody"]["content"]
    }
    seen: set[tuple[str, bool]] = set()

    @hypothesis_settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.lists(rows(), min_size=1, max_size=4))
    def check(batch: list[Any]) -> None:
        for layout, path, body in layouts(batch):
            accepted = odd.post(path, json=body).status_code in (200, 500)
            valid = schemas[path].is_valid(body)
            # JSON Schema can't say which input a value of a flat tensor is, but for the first row.
            exact = layout != "frame" and (layout != "flat tensor" or len(batch) == 1)
            assert accepted == valid or (valid and not exact), (path, body)
            seen.add((layout, accepted))

    check()
    assert {layout for layout, accepted in seen if not accepted} == {layout for layout, _ in seen}
    assert len(seen) == 2 * 23 - 2, "what is beside an input is never accepted"


def test_intervals_and_explanations_are_answered_as_documented_with_the_levels_that_there_are(
    make_client: MakeClient, tmp_path: Path
) -> None:
    publish(tmp_path / "sure", SURE)
    client = make_client(models=tmp_path / "sure")
    own = [item for item in read_operations(read(client)) if item[0].startswith("/predict_")]
    assert len(own) == 3
    for path, _, operation in own:
        asked = {item["name"]: item for item in operation["parameters"] if item["in"] == "query"}
        assert asked["interval"]["schema"] == {"enum": ["0.5", "0.9"]}
        assert asked["explain"]["schema"] == {"const": "1"}
        for media_type, body, _ in examples(operation):
            reply = send(client, f"{path}?interval=0.9&explain=1", media_type, body, Accept="application/json")
            assert reply.status_code == 200, reply.text
            assert {"interval", "intervals"} & reply.json.keys()
            assert {"explanation", "explanations"} & reply.json.keys()
            assert_documented(operation, reply)
        refused = send(client, f"{path}?interval=0.7", *next(examples(operation))[:2], Accept="application/json")
        assert refused.status_code == 400
        assert_documented(operation, refused)


def test_a_version_without_intervals_has_no_parameter_for_them(operations: list[Operation]) -> None:
    for path, _, operation in operations:
        names = [item["name"] for item in operation["parameters"]]
        assert "interval" not in names
        assert ("explain" in names) == path.startswith("/predict_")


# The first two rows lie outside of the limits or of the training range.
TRAINING = "rm,tax,age,medv\n99,250,66.5,20\n6,800,66.5,20\n6.5,300,50,20\n8,711,100,20\n5,200.5,40,20\n"
UNUSABLE = ("", "age,rm\n1,2\n", "rm,tax,age,medv\n1,x,3,4\n", "rm,tax,age,medv\n1\n")


@pytest.mark.parametrize("reference", [TRAINING, *UNUSABLE])
def test_examples_are_training_rows_without_a_warning_else_the_signatures_example(
    client: Service, reference: str
) -> None:
    expected = [[6.5, 300, 50], [8, 711, 100]] if reference == TRAINING else [[6, 250, 66.5]]
    store = client.settings.store()
    publish_changed(store, {"reference.csv": reference})
    make_champion(store, 2)
    bodies = read(client)["components"]["requestBodies"]
    shown = bodies["RowOrRows"]["content"]["application/json"]["examples"]
    assert shown["rows, by position"]["value"] == expected
    assert shown["one row, by position"]["value"] == expected[0]


def test_the_document_is_made_once_for_a_version(client: Service) -> None:
    first = client.get("/openapi.json").data
    (client.settings.models / "boston" / "1" / "signature.json").unlink()  # nothing of it is read again
    assert client.get("/openapi.json").data == first


def test_the_page_has_its_own_files_and_no_others(client: Service) -> None:
    page = client.get("/docs").text
    assert '<a href="/docs" aria-current="page">API</a>' in page
    for path in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/static/docs.js"):
        assert path in page
        with client.get(path) as reply:
            assert reply.headers["ETag"]
    for path in ("/docs/index.html", "/docs/nothing", "/docs/../settings.py"):
        assert client.get(path).status_code == 404
