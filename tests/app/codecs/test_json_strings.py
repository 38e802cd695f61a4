"""The count of strings: what orjson dropped is seen, and texts with quotes are no reason to parse a body once more."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codecs.json_strings import count_all_strings, count_lost_strings, count_strings

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_both_counts_find_every_string(value: Any) -> None:
    assert count_all_strings(value) == count_strings(value)


@given(VALUES, st.booleans())
def test_of_a_text_without_equal_members_nothing_is_lost_or_nobody_can_tell(value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only)
    lost = count_lost_strings(body.encode(), orjson.loads(body))
    assert lost == 0 or (lost < 0 and r"\\" in body)


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        (r'{"a": "x", "a": "x"}', 2),
        (r'{"a": "\u0022\u0022", "a": "\u0022\u0022"}', 2),
        (r'{"a": "\"", "a": "\"\""}', 2),
        (r'{"a": 1, "a": 2}', 1),
        (r'{"a": "\"b\""}', 0),
        (r'{"a": "b\\c"}', 0),
    ],
)
def test_strings_of_a_member_that_orjson_drops_are_lost(body: str, lost: int) -> None:
    assert count_lost_strings(body.encode(), orjson.loads(body)) == lost


def test_a_backslash_that_may_be_before_the_end_of_a_string_leaves_it_to_the_strict_parser() -> None:
    body = rb'{"a": "x\\", "b": "y\\", "c": 1, "c": 2}'
    assert count_lost_strings(body, orjson.loads(body)) != 0
