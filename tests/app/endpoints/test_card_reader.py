"""Reading a card that anybody may have written."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from app.endpoints.card_reader import CardReader
from tests.app.requests import any_json

CARD = CardReader(
    {
        "metrics": {"rmse": 4.5, "r2": math.nan, "mae": True},
        "intervals": {"rmse": [3, 6.5], "mae": [1], "r2": [1, "a"]},
        "rows": 506,
        "by": "ann",
        "gates": [{"name": "parity"}, 7],
    }
)


def test_what_is_there_is_returned() -> None:
    assert CARD.number("metrics", "rmse") == 4.5
    assert CARD.pair("intervals", "rmse") == (3.0, 6.5)
    assert (CARD.count("rows"), CARD.number("rows"), CARD.text("by")) == (506, 506.0, "ann")
    assert [item.text("name") for item in CARD.items("gates")] == ["parity", ""]
    assert list(CARD.members("metrics")) == ["rmse", "r2", "mae"]
    assert CARD.at("metrics")


@pytest.mark.parametrize(
    "path", [("metrics", "r2"), ("metrics", "mae"), ("by",), ("by", "x"), ("gates",), ("none", "x")]
)
def test_what_is_no_number_is_none(path: tuple[str, ...]) -> None:
    assert CARD.number(*path) is None


@pytest.mark.parametrize("name", ["mae", "r2", "none"])
def test_what_is_no_pair_is_none(name: str) -> None:
    assert CARD.pair("intervals", name) is None


@given(any_json("a", "b"))
def test_nothing_makes_it_fail(content: Any) -> None:
    card = CardReader(content)
    for path in ((), ("a",), ("a", "b")):
        number, count = card.number(*path), card.count(*path)
        assert number is None or math.isfinite(number)
        assert count is None or isinstance(count, int)
        assert isinstance(card.text(*path), str)
        assert card.pair(*path) is None or len(card.items(*path)) == 2
        assert all(isinstance(item, CardReader) for item in card.members(*path).values())
