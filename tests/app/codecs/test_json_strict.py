"""The strict decoder names every fault of a JSON body."""

from __future__ import annotations

import pytest

from app.codecs.json_decoder import JsonDecoder
from app.codecs.json_strict import excerpt, join_names, json_type, parse_strict
from app.codecs.validation import SignatureValidator
from app.errors import ServingError
from app.http.error_responses import status_of
from tests.bad_inputs import UNDECODABLE, Bad
from tests.conftest import HOUSES


@pytest.mark.parametrize("bad", UNDECODABLE, ids=lambda bad: bad.name)
def test_a_fault_is_named_with_its_place(bad: Bad) -> None:
    with pytest.raises(ServingError) as caught:
        SignatureValidator(HOUSES).validate_inputs(JsonDecoder(HOUSES, 10_000).decode_rows(bad.body)[0])
    assert status_of(caught.value) == bad.status
    assert bad.says in caught.value.message
    assert bad.problems in ([], [(error.row, error.input) for error in caught.value.errors])


def test_a_message_shows_a_text_of_the_client_short_and_printable() -> None:
    assert (excerpt("x" * 40), excerpt("x" * 41)) == ("x" * 40, "x" * 39 + "…")
    assert excerpt("\x1b[2J\ud800") == r"\x1b[2J\ud800"
    assert join_names(list("abcdefghijklmnopqrstuv")).endswith("s, t and 2 more")


def test_a_value_is_named_by_its_json_type() -> None:
    types = map(json_type, parse_strict(b'[null, true, "6", {"rm": 6}, [], 6]'))
    assert list(types) == ["null", "true", 'the text "6"', "an object", "a list", "a number"]
