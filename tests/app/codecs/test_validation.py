"""Validation: hard limits and categories are errors, the training range is a warning, outputs must be plausible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.codecs.json_decoder import JsonDecoder
from app.codecs.validation import SignatureValidator
from app.errors import FieldError, InvalidInput
from tests.bad_inputs import OUT_OF_LIMITS, Bad
from tests.conftest import HOUSES

VALIDATOR = SignatureValidator(HOUSES)


@pytest.mark.parametrize("bad", OUT_OF_LIMITS, ids=lambda bad: bad.name)
def test_a_value_outside_its_limits_is_an_error(bad: Bad) -> None:
    batch, _ = JsonDecoder(HOUSES, 10_000).decode_rows(bad.body)
    with pytest.raises(InvalidInput) as caught:
        VALIDATOR.validate_inputs(batch)
    assert bad.says in caught.value.message
    assert [(error.row, error.input) for error in caught.value.errors] == bad.problems


def test_a_value_outside_the_training_range_is_a_warning() -> None:
    inputs, warnings = VALIDATOR.validate_inputs(InputBatch(np.array([[6, 250, 66.5], [6.575, 800, 0]])))
    assert (inputs.dtype, inputs.shape) == (np.float32, (2, 3))
    assert {row: list(map(str, items)) for row, items in warnings.items()} == {
        1: ["tax: 800 lies outside the training range 187-711", "age: 0 lies outside the training range 2.5-100"]
    }


@pytest.mark.parametrize("training", [(3.5, 8.75), (3.3, 8.8)])  # float32 has the first two, and not the others
def test_a_limit_that_was_rounded_to_float32_is_within_the_limits(training: tuple[float, float]) -> None:
    signature = replace(HOUSES, inputs=(replace(HOUSES.inputs[0], limits=training, training=training),))
    values = np.array([training], dtype=np.float32).T.astype(np.float64)
    assert SignatureValidator(signature).find_errors(InputBatch(values)) == ({}, [])


@pytest.mark.parametrize(
    ("categories", "value", "message"),
    [((4.0, 6.0), 5, "5 must be one of 4, 6"), ((6.0, 1234567.0), 1234568, "1234568 must be one of 6, 1234567")],
)
def test_a_category_has_one_of_its_codes(categories: tuple[float, ...], value: float, message: str) -> None:
    rooms = replace(HOUSES.inputs[0], categories=categories, limits=(categories[0], categories[-1]))
    validator = SignatureValidator(replace(HOUSES, inputs=(rooms,)))
    _, errors = validator.find_errors(InputBatch(np.array([[value], *([code] for code in categories)], np.float64)))
    assert errors == [FieldError(0, "rm", message)]


def test_an_output_that_is_not_plausible_or_no_number_is_named() -> None:
    outputs = np.array([0, 100, -0.5, np.nan, np.inf], dtype=np.float32)
    assert VALIDATOR.validate_outputs(outputs) == {
        row: f"the model's output {text} is not plausible for medv: expected 0 to 100"
        for row, text in ((2, "-0.5"), (3, "nan"), (4, "inf"))
    }
