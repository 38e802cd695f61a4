"""The figures in a card: read if they are whole, and left out otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from registry import Figures

CONTENT = {
    "inputs": {
        "size": {
            "histogram": {"edges": [0, 1, 2], "counts": [3, 4]},
            "mostly": [0.2, 1.8],
            "median": 1,
            "x": [0, 1, 2],
            "y": [5, 6, 7.5],
        },
        "kind": {
            "histogram": {"edges": [1, 4], "counts": [5, 2]},
            "mostly": [1, 4],
            "median": 1,
            "x": [1, 4],
            "y": [6, 8],
        },
    },
    "output": {"edges": [0, 10, 20], "counts": [6, 1]},
    "actual": [1, 2],
    "predicted": [1.5, 2.5],
    "half_width": [],
}


def test_figures_are_what_the_card_says_and_are_written_so_again() -> None:
    figures = Figures.from_card({"figures": CONTENT, "by": "ann"})
    assert figures is not None
    assert figures.inputs["size"].y == (5.0, 6.0, 7.5)
    assert figures.inputs["kind"].histogram.edges == (1.0, 4.0)
    assert Figures.from_card({"figures": figures.to_json()}) == figures


@pytest.mark.parametrize("card", [{}, [], None, "figures", {"figures": None}, {"figures": []}, {"figures": {}}])
def test_a_card_without_figures_has_none(card: Any) -> None:
    assert Figures.from_card(card) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.pop("half_width"),
        lambda content: content.update(half_width=[1]),
        lambda content: content.update(predicted=[1]),
        lambda content: content.update(actual=5),
        lambda content: content.update(actual=[1, "much"]),
        lambda content: content.update(actual=[1, float("nan")]),
        lambda content: content.update(inputs=[1]),
        lambda content: content["inputs"]["size"].update(x=[0, 1]),
        lambda content: content["inputs"]["size"].update(mostly=[1]),
        lambda content: content["inputs"]["size"].update(median=float("inf")),
        lambda content: content["inputs"]["size"]["histogram"].update(counts=[]),
        lambda content: content["inputs"]["size"]["histogram"].update(counts=[3, -4]),
        lambda content: content["inputs"]["size"]["histogram"].update(counts=[3, float("inf")]),
        lambda content: content["inputs"]["size"]["histogram"].update(edges=[1]),
        lambda content: content["inputs"]["kind"].pop("histogram"),
        lambda content: content["output"].update(edges=[0, 1, 2, 3]),
    ],
)
def test_figures_that_do_not_fit_together_are_left_out(damage: Callable[[Any], object]) -> None:
    content = copy.deepcopy(CONTENT)
    damage(content)
    assert Figures.from_card({"figures": content}) is None


def test_a_card_that_is_no_json_has_no_figures() -> None:
    assert Figures.from_text(b"{") is None
    assert Figures.from_text(b"\xff") is None
    assert Figures.from_text(b'{"figures": null}') is None
    assert Figures.from_text(b"[" * 100_000) is None
