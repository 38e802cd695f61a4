"""Tensors of the Open Inference Protocol: which fit each other and the model, in JSON and as bytes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from app.endpoints.v2_tensors import read_tensor
from tests.app.conftest import Service
from tests.app.requests import OTHER_PREDICTION, PREDICTION, TENSOR, V2, bytes_tensor, column, infer

ARRAY = np.array([[6, 250, 66.5], [7, 300, 10]], "<f4")


@pytest.mark.parametrize(
    "datatype", ["FP16", "FP32", "FP64", *(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))]
)
def test_a_tensor_may_come_as_bytes(service: Service, datatype: str) -> None:
    code = {"F": "f", "I": "i", "U": "u"}[datatype[0]] + str(int(datatype.lstrip("FPUINT")) // 8)
    rows = ARRAY if code[0] == "f" else np.array([[6, 100, 66], [7, 127, 10]])
    array = rows.astype(f"<{code}")
    expected = infer(service, {**TENSOR, "shape": [2, 3], "data": rows.reshape(-1).tolist()}).json["outputs"]
    reply = infer(service, bytes_tensor(array, datatype), raw=array.tobytes())
    assert reply.json["outputs"] == expected
    assert expected[0]["shape"] == [2, 1]


def test_columns_may_come_as_bytes_beside_integers_in_json(service: Service) -> None:
    rooms, age = ARRAY[:, 0], ARRAY[:, [2]]
    tax = {**column("tax", [250, 300], [2], "INT32"), "parameters": {"content_type": "np"}}
    inputs = [bytes_tensor(rooms, name="rooms"), tax, bytes_tensor(age, name="age")]
    reply = infer(service, *inputs, raw=rooms.tobytes() + age.tobytes())
    assert reply.json["outputs"][0]["data"] == [PREDICTION, OTHER_PREDICTION]


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        (None, "inputs: expected a list of objects, not null"),
        ([], "inputs: there is no tensor"),
        ([7], "inputs: an element: expected an object, not a number"),
        ([{**TENSOR, "name": None}], "inputs: a tensor has no name"),
        ([column("zone", [6], [1])], "zone: expected one tensor of shape [n, 3], or one for each of rm, tax, age"),
        ([{**TENSOR, "name": "rm"}], "rm: expected the shape [n] or [n, 1], not [1, 3]"),
        ([{**TENSOR, "name": "a"}, {**TENSOR, "name": "b"}], "a: expected the shape [n] or [n, 1], not [1, 3]"),
        ([{**TENSOR, "shape": None}], "features: shape: expected a list of one or two sizes"),
        ([{**TENSOR, "shape": [1, -3]}], "features: shape: expected a list"),
        ([{**TENSOR, "shape": [1.5, 3]}], "features: shape: expected a list"),
        ([{**TENSOR, "shape": [True, 3]}], "features: shape: expected a list"),
        ([{**TENSOR, "shape": [3, 1]}], "or one for each of rm, tax, age; its shape is [3, 1]"),
        ([{**TENSOR, "shape": [0, 3], "data": []}], "there is no row"),
        ([{**TENSOR, "shape": [2, 3]}], "shape [2, 3] and the 3 values in data don't fit"),
        ([{**TENSOR, "datatype": None}], "expected a datatype of numbers, like FP32, not nothing"),
        ([{**TENSOR, "datatype": "BYTES", "data": ["6", "250", "66.5"]}], "like FP32, not BYTES"),
        ([{**TENSOR, "data": None}], "features: data: expected a list, not null"),
        ([{**TENSOR, "data": [6, 250, True]}], "age: expected a number, not true"),
        ([{**TENSOR, "data": [[6, 250]]}], "age: is missing"),
        ([{**TENSOR, "data": [6, 2500, 66.5]}], "tax: 2500 lies outside the limits"),
        ([{**TENSOR, "parameters": 1}], "parameters: expected an object, not a number"),
        ([column("rm", [6], [1])] * 2, "rm appears twice"),
        ([column("rm", [6], [1]), column("tax", [250], [1])], "age: is missing"),
        ([column("rm", [6], [1]), column("tax", [1, 2], [2]), column("age", [1], [1])], "have 1 and 2 values"),
        ([column(name, [6], [1]) for name in ("rm", "rooms", "tax", "age")], "rm: appears twice"),
        ([column(name, [6], [1]) for name in ("rm", "tax", "age", "b")], "b: no such input"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(service: Service, inputs: list[Any] | None, error: str) -> None:
    service.check_error(service.post(f"{V2}/infer", json={"inputs": inputs}), 400, error)


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
    ],
)
def test_bytes_that_do_not_fit_are_refused(service: Service, changes: Any, raw: bytes, error: str) -> None:
    service.check_error(infer(service, {**bytes_tensor(ARRAY[:1]), **changes}, raw=raw), 400, error)


def test_a_member_of_a_tensor_of_bytes_that_appears_twice_is_refused(service: Service) -> None:
    head = b'{"inputs": [%b, "name": "x"}]}' % json.dumps(bytes_tensor(ARRAY[:1])).encode()[:-1]
    headers = {"Inference-Header-Content-Length": str(len(head))}
    service.check_error(service.post(f"{V2}/infer", data=head + bytes(12), headers=headers), 400, "appears twice")


def test_each_tensor_takes_its_bytes_and_copies_none_of_the_rest() -> None:
    raw = bytes(range(8))
    content = {"name": "rm", "shape": [2], "datatype": "UINT8", "parameters": {"binary_data_size": 2}}
    tensor, rest = read_tensor(content, memoryview(raw))
    assert (list(tensor.values), list(rest)) == ([0, 1], [2, 3, 4, 5, 6, 7])
    assert rest.obj is raw
