"""Layouts of rows in JSON: which one a value has, and what a client is told if it has none."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from app.codecs.json_decoder import JsonDecoder
from app.codecs.json_layouts import ENVELOPES
from app.codecs.validation import SignatureValidator
from app.errors import ServingError
from tests.app.requests import any_json
from tests.conftest import HOUSES

DECODER, VALIDATOR = JsonDecoder(HOUSES, 10_000), SignatureValidator(HOUSES)
ROW, NAMED = [6, 250, 66.5], {"rm": 6, "tax": 250, "age": 66.5}
COLUMNS = {"rooms": [6, 7], "tax": [250, 300], "age": [66.5, 10]}
INDEXED = {"rm": {"b": 6, "a": 7}, "tax": {"a": 300, "b": 250}, "age": {"b": 66.5, "a": 10}}
FRAME = {"columns": ["age", "rm", "tax"], "index": [5, 4], "data": [[66.5, 6, 250], [10, 7, 300]]}


def decode(data: Any, **options: Any) -> tuple[list[list[float]], bool]:
    batch, single = DECODER.decode_rows(json.dumps(data).encode(), **options)
    assert not batch.errors
    return batch.values.tolist(), single


@pytest.mark.parametrize("rows", [COLUMNS, INDEXED, FRAME, {"features": [ROW, [7, 300, 10]]}])
def test_columns_frames_and_the_tensor_are_rows_in_the_order_in_which_they_come(rows: dict[str, Any]) -> None:
    for body in (rows, *({name: rows} for name in ENVELOPES)):
        assert decode(body) == ([ROW, [7, 300, 10]], False)


@pytest.mark.parametrize("name", ENVELOPES)
def test_what_is_inside_a_member_is_one_row_or_many_as_it_would_be_alone(name: str) -> None:
    for beside in ({}, {"signature_name": "serving_default", "parameters": {"a": [1]}}):
        assert decode({**beside, name: ROW}) == decode({**beside, name: NAMED}) == ([ROW], True)
        assert decode({**beside, name: [ROW]}) == decode({**beside, name: [{"features": ROW}]}) == ([ROW], False)
    assert decode({name: {"data": [ROW]}}) == ([ROW], False)


def test_columns_of_one_row_are_a_list_of_one() -> None:
    assert decode({"rm": [6], "tax": [250], "age": [66.5]}) == ([ROW], False)
    assert decode({"rm": {"0": 6}, "tax": {"0": 250}, "age": {"0": 66.5}}) == ([ROW], False)


@pytest.mark.parametrize(
    "body",
    [
        {"town": "Lynn", **NAMED}, {"data": [1], **NAMED}, {**NAMED, "year": 1970}, {**COLUMNS, "year": [1, 2]},
        {**COLUMNS, "town": ["Lynn"]}, {"town": "Lynn", **COLUMNS},
        {"note": None, **INDEXED}, {**FRAME, "columns": ["age", "rm", "tax", "x"], "data": [[66.5, 6, 250, None]]},
        {"data": [{"town": "Lynn", **NAMED}]}, [[*ROW[:3]], {"town": "Lynn", **NAMED}],
    ],
)  # fmt: skip
def test_columns_that_are_no_input_are_left_out_where_that_is_asked_for(body: Any) -> None:
    rows, _ = decode(body, allow_extra=True)
    assert rows[0] == ROW


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"instances": [ROW], "inputs": [ROW]}, "expected only one of instances, inputs"),
        ({"data": 6}, "data: expected a row like [6, 250, 66.5], an object of inputs, or a list of rows, not a number"),
        ({"inputs": []}, "there is no row: expected a row like [6, 250, 66.5], an object of inputs, or a list of rows"),
        ({"data": {"instances": [ROW]}}, "instances: no such input"),
        ({"rm": [6], "tax": [250, 300], "age": [1]}, "the columns have 1 and 2 values"),
        ({"rm": [6], "tax": 250, "age": 1}, "rm: expected a number, not a list"),
        ({"rm": 6, "tax": [250], "age": 1}, "tax: expected a number, not a list"),
        ({"rm": [6], "tax": {"0": 250}, "age": [1]}, "rm: expected a number, not a list"),
        ({"rm": {"a": 6}, "tax": {"b": 250}, "age": {"a": 1}}, "tax has other rows than rm"),
        ({"rm": {}, "tax": {}, "age": {}}, "there is no row"),
        ({"rm": [6], "tax": [250]}, "age: is missing"),
        ({"columns": ["rm", "tax"], "data": [[6, 250]]}, "age: is missing"),
        ({"columns": 3, "data": [ROW]}, "columns: expected a list, not a number"),
        ({**NAMED, "town": 1}, "town: no such input; the inputs are rm, tax, age (and ask)"),
        ({**COLUMNS, "town": [1, 2]}, "town: no such input; the inputs are rm, tax, age (and ask)"),
    ],
)
def test_what_has_no_layout_or_two_is_refused_with_the_reason(body: Any, message: str) -> None:
    with pytest.raises(ServingError, match=re.escape(message)):
        VALIDATOR.validate_inputs(DECODER.decode_rows(json.dumps(body).encode(), remedy=" (and ask)")[0])


@pytest.mark.parametrize(
    "body", [b'{"rm": [6], "rm": [7], "tax": [1], "age": [1]}', b'{"data": [[6, 1, 1]], "data": [[7, 1, 1]]}',
             b'{"rm": {"0": 6, "0": 7}, "tax": {"0": 1}, "age": {"0": 1}}'],
)  # fmt: skip
def test_a_member_that_appears_twice_is_refused(body: bytes) -> None:
    with pytest.raises(ServingError, match="appears twice"):
        DECODER.decode_rows(body)


def test_an_input_may_have_the_name_of_a_member_that_holds_rows() -> None:
    data, features = (replace(item, name=name) for item, name in zip(HOUSES.inputs, ("data", "features"), strict=False))
    decoder = JsonDecoder(replace(HOUSES, inputs=(data, features)), 10)
    for body in (b'{"data": 6, "features": 7}', b'{"data": [6], "features": [7]}', b'{"inputs": [[6, 7]]}'):
        batch, _ = decoder.decode_rows(body)
        assert (list(batch.errors), batch.values.tolist()) == ([], [[6, 7]])


@given(any_json("rm", "tax", "age", "rooms", "features", "columns", *ENVELOPES))
def test_any_json_in_any_layout_is_decoded_or_refused_with_a_reason(data: Any) -> None:
    body = json.dumps(data).encode()
    for allow_extra in (False, True):
        try:
            batch, single = DECODER.decode_rows(body, allow_extra)
        except ServingError:
            continue
        assert batch.values.shape[1] == 3
        assert not single or len(batch.values) == 1
        assert bool(np.isnan(batch.values).any()) <= bool(batch.errors)
