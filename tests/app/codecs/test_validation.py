"""Validation: limits that float32 has not, and categories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.codecs.validation import SignatureValidator
from app.errors import MAX_ERRORS, FieldError, InvalidInput
from tests.conftest import HOUSES


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


def test_a_request_that_has_to_be_right_as_a_whole_is_not_searched_for_all_that_is_wrong() -> None:
    validator, batch = SignatureValidator(HOUSES), InputBatch(np.full((9000, 3), 1e9))
    assert len(validator.find_errors(batch)[1]) == 27_000
    with pytest.raises(InvalidInput, match="at least 1,000 more"):
        validator.validate_inputs(batch)
    assert len(validator.find_errors(batch, MAX_ERRORS)[1]) == MAX_ERRORS
