"""The document of the interface for texts and for values that may be missing: it accepts what the service accepts."""

from __future__ import annotations

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

from app.endpoints.openapi.schemas import by_name
from registry import Missing
from tests.app.conftest import MakeClient, Service
from tests.app.endpoints.conftest import category
from tests.app.endpoints.test_openapi import assert_documented, examples, read, read_operations, send
from tests.conftest import FLATS, publish

# Wide enough for every row that is accepted. The second input has texts that read as numbers, and no level for others.
TOWNS = replace(
    FLATS,
    model="towns",
    output=replace(FLATS.output, plausible=(-1000, 1000)),
    inputs=(
        replace(FLATS.inputs[1], aliases=("area", "quarter")),
        replace(category("zip", ("95608", "012", "1e3")), aliases=("Postal code",)),
        replace(FLATS.inputs[2], aliases=("Balcony?",)),
    ),
)
SIGNATURES = {
    "flats": replace(FLATS, output=TOWNS.output),
    "towns": TOWNS,
    "words for what is missing": replace(
        FLATS,
        model="words",
        output=TOWNS.output,
        inputs=(
            replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=("NA", "-99"))),
            FLATS.inputs[1],
            replace(FLATS.inputs[2], missing=Missing(2, 0, texts=("NA", "-99"))),
        ),
    ),
    "numbers that may be missing": replace(
        FLATS,
        model="rooms",
        output=TOWNS.output,
        inputs=tuple(
            replace(FLATS.inputs[0], name=name, aliases=(), missing=Missing(-13, 3) if name != "b" else None)
            for name in ("a", "b", "c")
        ),
    ),
}


@pytest.fixture(params=SIGNATURES.values(), ids=SIGNATURES.keys())
def service(request: pytest.FixtureRequest, make_client: MakeClient, tmp_path: Path) -> Service:
    publish(tmp_path / "texts", request.param)
    client = make_client(models=tmp_path / "texts", model=request.param.model, max_rows=3)
    client.signature = request.param  # type: ignore[attr-defined]  # for the tests below
    return client


def test_the_document_is_valid_and_every_example_is_answered_as_documented(service: Service) -> None:
    document = read(service)
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(document)) == []
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, f"nothing refers to {name}"
    for path, method, operation in read_operations(document):
        if method == "get":
            continue
        for media_type, body, schema in examples(operation):
            assert Draft202012Validator(schema).is_valid(body), (path, body)
            reply = send(service, path, media_type, body, Accept="application/json")
            assert reply.status_code == 200, (path, body, reply.text)
            if reply.mimetype == "application/json":
                assert_documented(operation, reply)


def test_where_all_may_be_missing_an_object_of_nothing_but_other_members_is_no_row() -> None:
    optional = replace(FLATS, inputs=(FLATS.inputs[0], FLATS.inputs[2]))
    validator = Draft202012Validator(by_name(optional, lambda _: {}, extra=True))
    rows: list[dict[str, Any]] = [{}, {"rooms": 4, "x": 1}, {"Number of rooms": 4}, {"balcony": None}, {"x": 1}]
    assert [validator.is_valid(row) for row in rows] == [True, True, True, True, False]


def test_a_text_is_one_of_its_levels_and_an_optional_input_is_not_required(
    make_client: MakeClient, tmp_path: Path
) -> None:
    publish(tmp_path / "texts", TOWNS)
    schemas = read(make_client(models=tmp_path / "texts", model="towns"))["components"]["schemas"]
    assert schemas["input.zip"]["enum"] == ["95608", "012", "1e3", 95608, 12, 1000]
    assert schemas["input.district"] == {
        "type": "string", "pattern": r"\S", "examples": list(FLATS.inputs[1].levels), "title": "District"
    }  # fmt: skip
    balcony = schemas["input.balcony"]
    assert balcony["description"] == "null, or left out, if it is not known: that counts as without"
    known, blank = balcony["anyOf"]
    assert {True, False, "without", "with", "yes", "FALSE"} <= set(known["enum"])
    assert Draft202012Validator(blank).is_valid(None)
    publish(tmp_path / "flats", FLATS)
    schemas = read(make_client(models=tmp_path / "flats", model="flats"))["components"]["schemas"]
    assert schemas["RowByName"]["required"] == ["district"]
    assert schemas["InputTensors"]["minItems"] == 1


def values(item: Any) -> st.SearchStrategy[Any]:
    """Values that the input may take, and others."""
    own = [*item.levels, *item.limits, None, "yes", True]
    others = st.sampled_from(["", " ", "x", "95608", "12", 12, 95608, 0, 1, -13, 2, 99, False, [], {}])
    return st.sampled_from(own) | others | st.sampled_from(["NA", "-99", -99])


@st.composite
def batches(draw: st.DrawFn, inputs: Any) -> list[Any]:
    """Rows that are right but for a value or two, some without an input, all by position or all by name."""
    rows: list[Any] = []
    named = draw(st.booleans())
    for _ in range(draw(st.integers(1, 3))):
        cells = {}
        for item in inputs:
            right = st.sampled_from(item.levels) if item.levels else st.floats(*item.limits)
            right = right | st.none() if item.missing else right
            if draw(st.integers(0, 5)) or not named:
                cells[draw(st.sampled_from(item.names))] = draw(right if draw(st.integers(0, 3)) else values(item))
        rows.append(cells if named else list(cells.values()))
    return rows


def layouts(model: str, batch: list[Any]) -> Iterator[tuple[str, Any]]:
    """The ways to send the same rows: path and body."""
    predict, infer = f"/v1/models/{model}:predict", f"/v2/models/{model}/infer"
    yield "/predict_json", batch[0]
    yield "/predict_json", batch
    yield "/predict_json", {"instances": batch}
    yield predict, {"instances": batch}
    yield predict, {"inputs": batch}
    yield f"/v1/models/{model}:regress", {"examples": batch}
    yield "/invocations", {"instances": batch}
    yield "/invocations", {"dataframe_records": batch}
    yield "/invocations", {"dataframe_split": {"data": batch}}
    yield infer, {"inputs": [{"name": "x", "shape": [len(batch), 3], "datatype": "FP64", "data": batch}]}
    if all(isinstance(row, dict) for row in batch) and len({tuple(row) for row in batch}) == 1 and batch[0]:
        columns = {name: [row[name] for row in batch] for name in batch[0]}
        yield predict, {"inputs": columns}
        yield "/invocations", {"inputs": columns}
        yield "/predict_json", columns
        for datatype in ("FP64", "BYTES"):
            parts = {"shape": [len(batch)], "datatype": datatype}
            yield infer, {"inputs": [{"name": name, **parts, "data": cells} for name, cells in columns.items()]}
    if len({len(row) for row in batch}) == 1 and isinstance(batch[0], dict) and batch[0]:
        data = [list(row.values()) for row in batch]
        yield "/invocations", {"dataframe_split": {"columns": list(batch[0]), "data": data}}


def test_every_protocol_accepts_rows_exactly_if_its_schema_does(service: Service) -> None:
    schemas = {
        path: Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"])
        for path, method, operation in read_operations(read(service))
        if method == "post" and "application/json" in operation["requestBody"]["content"]
    }
    signature = service.signature  # type: ignore[attr-defined]  # the fixture set it
    seen: set[tuple[str, bool]] = set()

    @hypothesis_settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(batches(signature.inputs))
    def check(batch: list[Any]) -> None:
        for path, body in layouts(signature.model, batch):
            reply = service.post(path, json=body)
            accepted, valid = reply.status_code in (200, 500), schemas[path].is_valid(body)
            split = isinstance(body, dict) and "dataframe_split" in body  # its cells are of any column
            # One tensor of rows is one of numbers: a flat list of several rows may hold any.
            assert accepted == valid or (split and valid), (path, body, reply.text)
            seen.add((path, accepted))

    check()
    assert len(seen) == 2 * len({path for path, _ in seen})
