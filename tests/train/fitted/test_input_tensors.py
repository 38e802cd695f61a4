"""Which column each input of a fitted model takes."""

from __future__ import annotations

import pytest

from train.errors import TrainError
from train.fitted.input_tensors import InputTensor, place_inputs

SPEC = [["rm", "RM", "rooms"], ["tax", "tax"], ["age", "age"]]


def tensors(*names: str, shape: tuple[int | None, ...] = (None, 1), dtype: str = "float32") -> list[InputTensor]:
    return [InputTensor(name, shape, dtype) for name in names]


@pytest.mark.parametrize("shape", [(None, 3), (32, 3), (None, None)])
def test_one_input_takes_all_columns_in_the_order_of_the_spec(shape: tuple[int | None, ...]) -> None:
    assert place_inputs(tensors("anything", shape=shape), SPEC) == [None]


@pytest.mark.parametrize("shape", [(None, 1), (None,), (8, 1)])
def test_several_are_found_by_name_column_or_alias_and_never_by_position(shape: tuple[int | None, ...]) -> None:
    assert place_inputs(tensors("tax", "age", "rooms", shape=shape), SPEC) == [1, 2, 0]
    assert place_inputs(tensors("age", "RM", "tax", shape=shape), SPEC) == [2, 0, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (tensors("x", shape=(None, 13)), r"takes 13 numbers a row, and the spec has 3 inputs \(rm, tax, age\)"),
        (tensors("x", shape=(None,)), "takes 1 numbers a row, and the spec has 3"),
        (tensors("a", "b", "c"), r"has the inputs a \(1\), b \(1\), c \(1\), and the spec the inputs rm, tax, age"),
        (tensors("rm", "tax"), "has the inputs rm .1., tax .1., and the spec"),
        (tensors("rm", "rooms", "tax"), "each must have one number a row and the name, column or alias"),
        (tensors("rm", "tax", "age", shape=(None, 2)), r"rm \(2\)"),
        (tensors("x", shape=(None, 28, 28)), r"input x takes \(28, 28\) a row; .* put a Reshape layer before it"),
        (tensors("x", shape=(None, 3), dtype="string"), "input x takes string; a fitted model takes numbers"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_what_the_model_wants(given: list[InputTensor], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        place_inputs(given, SPEC)
