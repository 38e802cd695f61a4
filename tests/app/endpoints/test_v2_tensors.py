"""Tensors of the Open Inference Protocol: which fit each other and the model, in JSON and as bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.endpoints.v2_tensors import read_tensor
from registry import Missing
from tests.app.conftest import MakeClient, Service
from tests.app.requests import OTHER_PREDICTION, PREDICTION, TENSOR, V2, bytes_tensor, column, infer
from tests.conftest import HOUSES, publish

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
        ([{**TENSOR, "datatype": ["FP32"]}], "expected a datatype of numbers, like FP32, not nothing"),
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


# Texts

FLATS_V2 = "/v2/models/flats/infer"
HOECHST = column("district", ["Höchst"], [1], "BYTES")


def send_texts(flats: Service, *inputs: Any, raw: bytes = b"") -> Any:
    head = json.dumps({"inputs": inputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))} if raw else {}
    return flats.post(FLATS_V2, data=head + raw, headers=headers)


@pytest.mark.parametrize(
    ("datatype", "data"), [("BYTES", ["with", "no"]), ("BOOL", [True, False]), ("FP32", [1, 0]), ("INT8", [1, 0])]
)
def test_a_boolean_may_come_as_text_as_bool_and_as_a_number(flats: Service, datatype: str, data: list[Any]) -> None:
    district = column("district", ["Höchst", "Höchst"], [2, 1], "BYTES")
    assert send_texts(flats, district, column("balcony", data, [2], datatype)).status_code == 200
    assert [row["balcony"] for row in flats.new_rows("predictions")] == ["with", "without"]


def test_texts_and_bools_may_come_as_bytes(flats: Service) -> None:
    texts = [text.encode() for text in ("Höchst", 'the "old" town')]
    raw = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    sizes = {"district": len(raw), "balcony": 2, "rooms": 8}
    parts = {"district": "BYTES", "balcony": "BOOL", "rooms": "FP32"}
    inputs = [
        {"name": name, "shape": [2], "datatype": datatype, "parameters": {"binary_data_size": sizes[name]}}
        for name, datatype in parts.items()
    ]
    reply = send_texts(flats, *inputs, raw=raw + b"\x01\x00" + np.array([3, np.nan], "<f4").tobytes())
    assert reply.status_code == 200, reply.text
    rows = flats.new_rows("predictions")
    assert [(row["rooms"], row["district"], row["balcony"]) for row in rows] == [
        ("3.0", "Höchst", "with"),
        ("", 'the "old" town', "without"),
    ]


def test_a_tensor_that_is_not_there_is_a_missing_value(flats: Service) -> None:
    reply = send_texts(flats, HOECHST)
    assert "rooms: is missing" in reply.json["parameters"]["warnings"]
    (row,) = flats.new_rows("predictions")
    assert (row["rooms"], row["balcony"], row["flags"]) == ("", "", "rooms:missing balcony:missing")
    flats.new_rows("requests")
    flats.check_error(send_texts(flats, column("rooms", [3], [1])), 400, "district: is missing")


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ([column("x", [3, 1, 1], [1, 3], "FP32")], "x: expected tensors of shape [n] or [n, 1], one for each of rooms"),
        ([column("x", ["3", "Höchst", "with"], [1, 3], "BYTES")], "x: expected a datatype of numbers, like FP32"),
        ([HOECHST, column("rooms", ["3"], [1], "BYTES")], "rooms: expected a datatype of numbers, like FP32"),
        ([HOECHST, column("rooms", [True], [1], "BOOL")], "rooms: expected a datatype of numbers, like FP32"),
        ([column("district", ["Höchst"], [1], "STRING")], "district: expected the datatype BYTES, not STRING"),
        ([column("district", ["Höchst"], [1], None)], "district: expected the datatype BYTES, not nothing"),  # type: ignore[arg-type]  # a client may leave it out
        ([column("district", [2], [1], "FP32")], "district: expected a text like"),
        ([column("district", [True], [1], "BOOL")], "district: expected a text like"),
        ([column("district", [None], [1], "BYTES")], "district: is missing"),
        ([HOECHST, column("balcony", ["maybe"], [1], "BYTES")], "balcony: 'maybe' is not known: expected one of"),
    ],
)
def test_tensors_of_texts_that_do_not_fit_are_refused(flats: Service, inputs: list[Any], error: str) -> None:
    flats.check_error(send_texts(flats, *inputs), 400, error)


@pytest.mark.parametrize(
    ("raw", "shape", "size", "error"),
    [
        (b"\x02\0\0\0ab", [1], 7, "7 bytes are said, and 6 are there"),
        (b"\x02\0\0\0ab", [1], True, "True bytes are said"),
        (b"\x02\0\0\0ab", [1], "6", "6 bytes are said, and 6 are there"),
        (b"\x02\0\0\0ab", [1], -1, "-1 bytes are said"),
        (b"\x02\0\0\0ab", [1], 5.5, "5.5 bytes are said"),
        (b"\x02\0\0\0ab", [2], 6, "shape [2] and the 1 texts behind the JSON don't fit"),
        (b"\x03\0\0\0ab", [1], 6, "expected texts in UTF-8, each behind its length in 4 bytes"),
        (b"\xff\xff\xff\xffab", [1], 6, "expected texts in UTF-8"),
        (b"\x02\0\0\0ab\0\0", [1], 8, "expected texts in UTF-8"),
        (b"\x02\0\0\0\xff\xfe", [1], 6, "expected texts in UTF-8"),
        (b"\x02\0\0\0abc", [1], 6, "1 bytes are left behind the last tensor"),
    ],
)
def test_bytes_that_are_no_texts_are_refused(flats: Service, raw: bytes, shape: Any, size: Any, error: str) -> None:
    tensor = {"name": "district", "shape": shape, "datatype": "BYTES", "parameters": {"binary_data_size": size}}
    flats.check_error(send_texts(flats, tensor, raw=raw), 400, error)


def test_a_nan_in_bytes_is_missing_where_a_value_may_be(make_client: MakeClient, tmp_path: Path) -> None:
    inputs = (replace(HOUSES.inputs[0], missing=Missing(-13, 6)), *HOUSES.inputs[1:])
    publish(tmp_path / "rooms", replace(HOUSES, inputs=inputs, output=replace(HOUSES.output, plausible=(-200, 200))))
    client = make_client(models=tmp_path / "rooms")
    rows = np.array([[np.nan, 250, 66.5], [6, 250, 66.5]], "<f4")
    assert infer(client, bytes_tensor(rows), raw=rows.tobytes()).status_code == 200
    assert [row["rm"] for row in client.new_rows("predictions")] == ["", "6.0"]
    client.new_rows("requests")
    rows[0] = [6, np.nan, 66.5]
    client.check_error(infer(client, bytes_tensor(rows), raw=rows.tobytes()), 400, "tax: NaN is not a number")
