"""Strict JSON: every fault of a body is named with its place."""

from __future__ import annotations

import pytest

from app.codecs.json_decoder import JsonDecoder
from app.codecs.validation import SignatureValidator
from app.errors import ServingError
from app.http.error_responses import status_of
from tests.bad_inputs import OUT_OF_LIMITS, UNDECODABLE, Bad
from tests.conftest import HOUSES


@pytest.mark.parametrize("bad", [*UNDECODABLE, *OUT_OF_LIMITS], ids=lambda bad: bad.name)
def test_a_fault_is_named_with_its_place(bad: Bad) -> None:
    with pytest.raises(ServingError) as caught:
        SignatureValidator(HOUSES).validate_inputs(JsonDecoder(HOUSES, 10_000).decode_rows(bad.body)[0])
    assert status_of(caught.value) == bad.status
    assert bad.says in caught.value.message
    assert bad.problems in ([], [(error.row, error.input) for error in caught.value.errors])
