"""How to ask from a program, for any signature. tests/e2e/test_home.py runs what the page shows."""

from __future__ import annotations

import ast
import json
import shlex
from dataclasses import replace

import pytest

from app.endpoints.snippets import make_snippets
from tests.app.endpoints.conftest import ODD_TEXTS, category
from tests.conftest import FLATS, HOUSES

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


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_stands_in_each_language_as_it_is(text: str) -> None:
    signature = replace(FLATS, inputs=(FLATS.inputs[0], category("action", (text,)), FLATS.inputs[2]))
    signature = replace(
        signature, inputs=(*signature.inputs[:1], replace(signature.inputs[1], example=0.0), FLATS.inputs[2])
    )
    curl, python, _ = make_snippets(URL, signature, token=False)
    words = shlex.split(curl.code.replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == [4, text, "with"]
    row = next(line for line in python.code.split("\n") if line.startswith("row = "))
    assert ast.literal_eval(row.removeprefix("row = ")) == {"rooms": 4, "action": text, "balcony": "with"}


def test_an_example_that_is_missing_is_left_out() -> None:
    rooms = replace(FLATS.inputs[0], example=-13)
    snippets = make_snippets(URL, replace(FLATS, inputs=(rooms, *FLATS.inputs[1:])), token=False)
    assert "[null, " in snippets[0].code
    assert all("rooms" not in snippet.code and "None" not in snippet.code for snippet in snippets)
