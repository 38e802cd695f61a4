"""How to ask from a program, for any signature. tests/e2e/test_home.py runs what the page shows."""

from __future__ import annotations

import json
from dataclasses import replace

from app.endpoints.snippets import make_snippets
from tests.conftest import HOUSES

URL = "https://homes.example/houses/predict_json"


def test_each_language_has_the_address_and_the_example() -> None:
    rooms = replace(HOUSES.inputs[0], categories=(4.0, 6.0), category_labels=("four", "six"))
    snippets = make_snippets(URL, replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:])), token=False)
    assert [snippet.language for snippet in snippets] == ["curl", "Python", "JavaScript"]
    for snippet in snippets:
        assert URL in snippet.code
        assert "6" in snippet.code
        assert "Authorization" not in snippet.code
    assert json.dumps({"rm": 6, "tax": 250, "age": 66.5}) in snippets[1].code


def test_where_a_token_is_needed_each_has_a_place_for_it() -> None:
    for snippet in make_snippets(URL, HOUSES, token=True):
        assert "Bearer TOKEN" in snippet.code
    compile(make_snippets(URL, HOUSES, token=True)[1].code, "snippet", "exec")
