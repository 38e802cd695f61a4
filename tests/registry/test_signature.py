"""The values behind signature.json."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from journal import prediction_columns
from registry import Signature, SignatureError
from registry.signature import RESERVED
from tests.conftest import HOUSES

ROOMS = HOUSES.inputs[0]


def test_a_signature_reads_back_as_it_was_written() -> None:
    rooms = replace(ROOMS, categories=(1.0, 2.0), category_labels=("one", "two"))
    signature = replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:]))
    assert Signature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "prediction"}, "input prediction: this is a column of the prediction log"),
        ({"name": "a b"}, "input 'a b': a name is a letter"),
        ({"aliases": ("tax",)}, "input tax: the name 'tax' is taken by rm"),
        ({"limits": (5, 1)}, "input rm: limits: expected two finite float32, the smaller first, not 5 and 1"),
        ({"limits": (0, float("inf"))}, "input rm: limits"),
        ({"limits": (0, 1e39)}, "input rm: limits"),
        ({"training": (float("nan"), 1)}, "input rm: training"),
        ({"categories": (2, 1)}, "input rm: categories must be different codes in ascending order"),
        ({"categories": (1, 2), "category_labels": ("one",)}, "input rm: 2 categories need as many labels"),
    ],
)
def test_an_input_that_cannot_be_served_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignatureError, match="^" + message):
        replace(HOUSES, inputs=(replace(ROOMS, **changes), *HOUSES.inputs[1:]))


def test_the_reserved_names_are_the_columns_of_the_prediction_log() -> None:
    assert set(prediction_columns([])) == RESERVED


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "x" * 65])
def test_a_model_name_that_is_no_folder_and_no_url_is_refused(name: str) -> None:
    with pytest.raises(SignatureError, match="^model: "):
        replace(HOUSES, model=name)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("format",), 2, "expected an object of format 1"),
        (("inputs",), [], "inputs: a model needs at least one"),
        (("inputs", 0, "limits"), [1], "not enough values"),
        (("inputs", 0, "limits"), "x", "not enough values"),
        (("output",), None, "not subscriptable"),
    ],
)
def test_a_damaged_signature_is_refused(path: tuple[Any, ...], value: Any, message: str) -> None:
    data: Any = HOUSES.to_json()
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(SignatureError, match=message):
        Signature.from_json(data)


@pytest.mark.parametrize("key", ["model", "title", "inputs", "output"])
def test_a_missing_key_is_named(key: str) -> None:
    data = HOUSES.to_json()
    del data[key]
    with pytest.raises(SignatureError, match=f"the key '{key}' is missing"):
        Signature.from_json(data)
