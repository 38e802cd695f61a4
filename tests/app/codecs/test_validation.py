"""Validation: limits that float32 has not, and categories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.codecs.validation import SignatureValidator
from app.errors import MAX_ERRORS, FieldError, InvalidInput
from registry import DatePart, Missing
from tests.conftest import FLATS, HOUSES


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


def test_a_part_of_a_date_that_is_a_category_has_one_of_its_codes() -> None:
    month = replace(
        HOUSES.inputs[0], categories=(6.0, 12.0), limits=(6, 12), training=(6, 12), date=DatePart("Sold", "%Y", "month")
    )
    validator = SignatureValidator(replace(HOUSES, inputs=(month,)))
    _, errors = validator.find_errors(InputBatch(np.array([[7.0]]), dated=frozenset({0})))
    assert list(map(str, errors)) == ["Sold: the month 7 must be one of 6, 12"]


def test_a_request_that_has_to_be_right_as_a_whole_is_not_searched_for_all_that_is_wrong() -> None:
    validator, batch = SignatureValidator(HOUSES), InputBatch(np.full((9000, 3), 1e9))
    assert len(validator.find_errors(batch)[1]) == 27_000
    with pytest.raises(InvalidInput, match="at least 1,000 more"):
        validator.validate_inputs(batch)
    assert len(validator.find_errors(batch, MAX_ERRORS)[1]) == MAX_ERRORS


FLAT = SignatureValidator(FLATS)
NAN = float("nan")
NO_ROOMS = FieldError(0, "rooms", "is missing: 3 was taken instead", "missing")
NO_BALCONY = FieldError(
    0, "balcony", "is missing: 'without' was taken instead, and the model knows that it is missing", "missing"
)
UNKNOWN = FieldError(0, "district", "'Foo' is not known to this version: taken as 'elsewhere'", "other")


def test_what_is_missing_becomes_the_number_that_stands_for_it_with_a_warning() -> None:
    rows, warnings = FLAT.validate_inputs(InputBatch(np.array([[NAN, 1, NAN], [4, 3, 1]])))
    assert rows.dtype == np.float32
    assert rows.tolist() == [[-13, 1, 2], [4, 3, 1]]
    assert warnings == {0: [NO_ROOMS, NO_BALCONY]}


def test_the_warnings_of_a_row_are_in_the_order_of_the_inputs() -> None:
    batch = InputBatch(np.array([[1, 0, NAN]]), warnings=[UNKNOWN])
    _, warnings = FLAT.validate_inputs(batch)
    outside = FieldError(0, "rooms", "1 lies outside the training range 2-8")
    assert warnings == {0: [outside, UNKNOWN, NO_BALCONY]}
    _, warnings = FLAT.validate_inputs(InputBatch(np.array([[4, 0, 1]]), warnings=[UNKNOWN]))
    assert warnings == {0: [UNKNOWN]}


@pytest.mark.parametrize(
    ("row", "name", "message"),
    [
        ([-13, 1, 1], "rooms", "-13 lies outside the limits 1 to 15"),
        ([4, 1, 2], "balcony", "must be one of 'without', 'with', true, false"),
        ([4, 7, 1], "district", "must be one of 'elsewhere', 'Nordend, West', 'the \"old\" town', 'Höchst'"),
    ],
)
def test_nobody_sends_the_number_that_stands_for_a_missing_value(row: list[float], name: str, message: str) -> None:
    _, errors = FLAT.find_errors(InputBatch(np.array([row])))
    assert errors == [FieldError(0, name, message)]


def test_a_number_that_means_that_the_value_is_missing_is_taken_for_that() -> None:
    inputs = (replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=("NA", "-999"))), *FLATS.inputs[1:])
    validator = SignatureValidator(replace(FLATS, inputs=inputs))
    rows, warnings = validator.validate_inputs(InputBatch(np.array([[-999, 1, 1], [4, 3, 1], [NAN, 1, 1]])))
    assert rows.tolist() == [[-13, 1, 1], [4, 3, 1], [-13, 1, 1]]
    assert warnings == {0: [NO_ROOMS], 2: [NO_ROOMS._replace(row=2)]}
    _, errors = validator.find_errors(InputBatch(np.array([[-998, 1, 1], [-999, 1, -999]])))
    assert [(error.row, error.input) for error in errors] == [(0, "rooms"), (1, "balcony")]


def test_a_missing_value_of_a_row_with_an_error_is_no_second_thing_to_tell() -> None:
    error = FieldError(1, "district", "is missing")
    batch = InputBatch(np.array([[NAN, 1, 1], [NAN, NAN, NAN]]), [error])
    assert FLAT.find_errors(batch) == ({0: [NO_ROOMS]}, [error])


def test_a_level_of_no_training_row_is_named_by_its_text() -> None:
    district = replace(FLATS.inputs[1], training=(0, 2))
    validator = SignatureValidator(replace(FLATS, inputs=(district,)))
    warnings, _ = validator.find_errors(InputBatch(np.array([[3.0]])))
    assert warnings == {0: [FieldError(0, "district", "no training row has 'Höchst'")]}
