"""Decoding JSON: every number as it was sent, and a reason for whatever can't be decoded."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.codecs.batch import Float64Matrix
from app.codecs.json_decoder import JsonDecoder
from app.errors import MAX_ERRORS, MalformedRequest
from tests.app.requests import any_json
from tests.conftest import FLATS, HOUSES

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
ROWS = st.lists(NUMBERS, min_size=3, max_size=3)
NAMED = st.permutations(["rooms", "tax", "age"]).flatmap(
    lambda names: st.fixed_dictionaries(dict.fromkeys(names, NUMBERS))
)
DECODER = JsonDecoder(HOUSES, 10_000)
ONE, NAMED_ONE = "[6, 250, 66.5]", '{"rm": 6, "tax": 250, "age": 66.5}'


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (ONE, None),
        (NAMED_ONE, None),
        ('{"age": 66.5, "rooms": 6, "tax": 250.0}', None),
        (r'{"r\u006d": 6, "tax": 250, "age": 66.5}', None),
        (" [6e0,\n250, 66.50]\t", None),
        (f"[{ONE}]", 1),
        (f"[{NAMED_ONE}]", 1),
        (f"[{ONE}, [7, 800, 10]]", 2),
        (f'[{NAMED_ONE}, {{"rm": 7, "tax": 800, "age": 10}}]', 2),
        (f'[{NAMED_ONE}, {{"age": 10, "rooms": 7, "tax": 800}}]', 2),
        (f'[{ONE}, {{"age": 10, "rooms": 7, "tax": 800}}]', 2),
    ],
)
def test_order_names_aliases_and_spelling_make_no_difference(body: str, count: int | None) -> None:
    batch, single = DECODER.decode_rows(body.encode())
    assert (list(batch.errors), single) == ([], count is None)
    assert batch.values.tolist() == [[6, 250, 66.5], [7, 800, 10]][: count or 1]


@given(st.lists(ROWS | NAMED, min_size=1))
def test_every_number_that_is_sent_is_the_number_that_is_decoded(rows: list[Any]) -> None:
    batch, single = DECODER.decode_rows(orjson.dumps(rows))
    expected = [row if isinstance(row, list) else [row["rooms"], row["tax"], row["age"]] for row in rows]
    assert not single
    assert not batch.errors
    assert np.array_equal(batch.values, np.array(expected, dtype=np.float64))


@given(any_json("rm", "tax", "age", "rooms", "x"))
def test_any_json_is_decoded_or_refused_with_a_reason(data: Any) -> None:
    try:
        batch, _ = DECODER.decode_rows(json.dumps(data).encode())
    except MalformedRequest:
        return
    assert batch.values.shape[1] == 3
    assert bool(np.isnan(batch.values).any()) <= bool(batch.errors)


TYPOS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.sampled_from("[],0123 .e-")), max_size=4)


@given(st.lists(st.lists(st.integers(0, 99), min_size=3, max_size=3), min_size=1, max_size=4), st.booleans(), TYPOS)
@hypothesis_settings(max_examples=500)
def test_a_list_of_rows_with_typos_is_what_json_says_it_is(
    rows: list[list[int]], spaced: bool, typos: list[tuple[int, int, str]]
) -> None:
    text = json.dumps(rows, separators=(", ", ": ") if spaced else (",", ":"))
    for position, length, typo in typos:
        text = text[:position] + typo + text[position + length :]
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        with pytest.raises(MalformedRequest, match="is not JSON"):
            DECODER.decode_rows(text.encode())
        return
    rows = expected if isinstance(expected, list) else []
    numbers = all(isinstance(row, list) and len(row) == 3 and set(map(type, row)) <= {int, float} for row in rows)
    if rows and numbers and np.isfinite(rows).all():
        batch, _ = DECODER.decode_rows(text.encode())
        assert not batch.errors
        assert batch.values.tolist() == expected


@pytest.mark.parametrize(
    "body", [b"[[6,250,6]6.5]", b"[[6,250,66.5]]5", b"[[6,250,]66.5]", b"[[6,250,66.5],7[,300,10]]"]
)
def test_digits_outside_a_row_are_not_json(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match="is not JSON"):
        DECODER.decode_rows(body)


@pytest.mark.parametrize("body", [b"[[]]", b"[[],[1]]", b"[[1],[]]"])
def test_a_row_without_the_only_input_of_a_model_is_an_error(body: bytes) -> None:
    decoder = JsonDecoder(replace(HOUSES, inputs=HOUSES.inputs[:1]), 10_000)
    batch, _ = decoder.decode_rows(body)
    assert [(error.input, error.message) for error in batch.errors] == [("rm", "is missing")]


@pytest.mark.parametrize(
    "body", [b"[%b]" % b",".join([b'["a","b"]'] * 9000), b"{%b}" % b",".join([b'"x":1'] * 9000)], ids=["rows", "names"]
)
def test_no_more_errors_are_looked_for_than_a_message_counts(body: bytes) -> None:
    batch, _ = DECODER.decode_rows(body)
    assert MAX_ERRORS <= len(batch.errors) < MAX_ERRORS + 4


FLAT = JsonDecoder(FLATS, 10_000)


def missing_as_none(values: Float64Matrix) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in values.tolist()]


@pytest.mark.parametrize(
    "body",
    [
        '[4, "Nordend, West", true]',
        '[4, " Nordend, West ", "with"]',
        '{"district": "Nordend, West", "Number of rooms": 4, "balcony": 1}',
        '[[4, "Nordend, West", "yes"]]',
        '[{"rooms": 4, "district": "Nordend, West", "balcony": "TRUE"}]',
        '{"district": ["Nordend, West"], "rooms": [4], "balcony": ["1"]}',
        '{"columns": ["balcony", "rooms", "district"], "data": [[true, 4, "Nordend, West"]]}',
        r'[4, "Nordend\u002c West", true]',
    ],
)
def test_a_text_is_the_code_of_its_level_in_every_layout(body: str) -> None:
    batch, _ = FLAT.decode_rows(body.encode())
    assert (list(batch.errors), list(batch.warnings), batch.values.tolist()) == ([], [], [[4, 1, 1]])


@pytest.mark.parametrize(
    "body",
    [
        '[null, "the \\"old\\" town", null]',
        '{"district": "the \\"old\\" town"}',
        '{"district": "the \\"old\\" town", "rooms": "", "balcony": " "}',
        '[{"district": "the \\"old\\" town"}]',
        '{"district": ["the \\u0022old\\" town"]}',
        '{"district": ["the \\"old\\" town"], "rooms": [null]}',
        '{"columns": ["district"], "data": [["the \\"old\\" town"]]}',
    ],
)
def test_null_blanks_and_absent_names_are_missing_values(body: str) -> None:
    batch, _ = FLAT.decode_rows(body.encode())
    assert (list(batch.errors), list(batch.warnings), missing_as_none(batch.values)) == ([], [], [[None, 2, None]])


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ('{"rooms": 4}', "district", "is missing"),
        ("{}", "district", "is missing"),
        ('[4, "Höchst"]', "balcony", "is missing"),
        ('[[4, "Höchst"], [4, "Höchst", 1]]', "balcony", "is missing"),
        ('{"columns": ["rooms", "district"], "data": [[4]]}', "", "expected 2 values (rooms, district), got 1"),
        ('[4, "Höchst", 1, 1]', "", "expected 3 values (rooms, district, balcony), got 4"),
        ('[NaN, "Höchst", 1]', "rooms", "NaN is not a number to predict from: send null if it is missing"),
        ('{"district": "Höchst", "district": "Höchst"}', "district", "appears twice"),
        ('{"rooms": 4, "Number of rooms": 4, "district": "Höchst"}', "rooms", "appears twice"),
    ],
)
def test_what_may_not_be_missing_is_an_error_as_ever(body: str, name: str, message: str) -> None:
    batch, _ = FLAT.decode_rows(body.encode())
    assert (batch.errors[0].input, batch.errors[0].message) == (name, message)
    assert {error.row for error in batch.errors} == {0}


def test_an_object_without_an_input_is_a_row_where_all_may_be_missing() -> None:
    optional = JsonDecoder(replace(FLATS, inputs=(FLATS.inputs[0], FLATS.inputs[2])), 10_000)
    for body in (b"{}", b"[{}]", b"[null, null]", b'{"rooms": null}'):
        batch, _ = optional.decode_rows(body)
        assert (list(batch.errors), missing_as_none(batch.values)) == ([], [[None, None]]), body


@pytest.mark.parametrize("body", [b'[{"room": 4}]', b'{"columns": ["room"], "data": [[4]]}', b'{"room": [4]}'])
def test_values_under_no_name_of_an_input_are_no_row_where_all_may_be_missing(body: bytes) -> None:
    optional = JsonDecoder(replace(FLATS, inputs=(FLATS.inputs[0], FLATS.inputs[2])), 10_000)
    batch, _ = optional.decode_rows(body, allow_extra=True)
    assert [str(error) for error in batch.errors] == ["rooms: is missing", "balcony: is missing"]


def test_numbers_that_came_as_an_array_are_no_texts_and_never_missing() -> None:
    batch = FLAT.decode_array(np.array([[4, 3, 1], [math.nan, 3, 1]]))
    assert [(error.row, error.input) for error in batch.errors] == [(0, "district"), (1, "rooms"), (1, "district")]
    rooms = JsonDecoder(replace(FLATS, inputs=FLATS.inputs[:1]), 10_000)
    assert not rooms.decode_array(np.array([[4.0]])).errors
    assert [error.row for error in rooms.decode_array(np.array([[4], [math.nan]])).errors] == [1]


def test_a_forms_blank_fields_are_missing_and_its_texts_no_numbers() -> None:
    batch, typed = FLAT.decode_form([("Number of rooms", " "), ("district", " 1,5 "), ("submit", "x")])
    assert (list(batch.errors), missing_as_none(batch.values)) == ([], [[None, 0, None]])
    assert [warning.message for warning in batch.warnings] == [
        "'1,5' is not known to this version: taken as 'elsewhere'"
    ]
    assert typed == {"rooms": " ", "district": " 1,5 "}


# Texts of JSON strings that orjson and a naive count of quotes may see differently.
STRINGS = st.lists(
    st.sampled_from(["a", r"\"", r"\u0022", r"\\", r"\u005c", "rooms", ",", ":", "{", "}", " "]), max_size=4
).map(lambda parts: f'"{"".join(parts)}"')
OBJECTS = st.lists(
    st.tuples(st.sampled_from(['"rooms"', '"district"', '"balcony"', r'"distric\u0074"']), STRINGS | st.just("1")),
    max_size=5,
).map(lambda members: "{" + ", ".join(f"{name}: {cell}" for name, cell in members) + "}")


@given(st.lists(OBJECTS, min_size=1, max_size=3), st.booleans())
@hypothesis_settings(max_examples=500)
def test_a_member_that_appears_twice_is_seen_whatever_texts_are_around_it(rows: list[str], single: bool) -> None:
    body = rows[0] if single else f"[{', '.join(rows)}]"
    batch, _ = FLAT.decode_rows(body.encode())
    pairs = [json.loads(row, object_pairs_hook=list) for row in rows[: 1 if single else None]]
    twice = [row for row, members in enumerate(pairs) if len(dict(members)) < len(members)]
    assert set(twice) <= {error.row for error in batch.errors if error.message == "appears twice"}
