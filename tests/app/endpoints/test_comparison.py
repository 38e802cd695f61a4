"""Two versions beside each other, against values that are computed here in another way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.endpoints.card_reader import CardReader
from app.endpoints.comparison import pair_gates, pair_predictions, provenance_differences, spec_differences
from app.endpoints.published_versions import PublishedVersion
from registry import Figures
from tests.cards import ROWS, card_of


def version(number: int, card: dict[str, Any] | None = None, **changes: Any) -> PublishedVersion:
    content = json.loads(json.dumps(card or card_of(**changes)))
    return PublishedVersion(number, card=CardReader(content), figures=Figures.from_card(content))


def test_rows_are_compared_in_pairs() -> None:
    errors = np.random.default_rng(1).normal(0, 3, (2, ROWS))
    paired = pair_predictions(*(version(number, errors=list(errors[number])) for number in (0, 1)))
    assert paired is not None
    assert (paired.rows, paired.better + paired.worse) == (ROWS, ROWS)
    assert paired.better == int(np.sum(np.abs(errors[1]) < np.abs(errors[0])))
    differences = errors[1] ** 2 - errors[0] ** 2
    assert paired.difference == pytest.approx(float(differences.mean()), rel=1e-6)
    normal = 1.96 * differences.std() / np.sqrt(ROWS)  # the bootstrap is near it, as the mean of 40 is nearly normal
    assert (paired.high - paired.low) / 2 == pytest.approx(normal, rel=0.15)
    assert paired.low < paired.difference < paired.high


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [((3.0, 2.0), (1.0, 2.0), "better"), ((1.0, 2.0), (3.0, 2.0), "worse"), ((1.0, 2.0), (2.0, 1.0), "unclear")],
)
def test_the_verdict_needs_an_interval_beside_zero(
    first: tuple[float, ...], second: tuple[float, ...], verdict: str
) -> None:
    paired = pair_predictions(version(1, errors=first), version(2, errors=second))
    assert paired is not None
    assert paired.verdict == verdict


def test_equal_predictions_are_neither_better_nor_worse() -> None:
    paired = pair_predictions(version(1), version(2))
    assert paired is not None
    assert (paired.better, paired.worse, paired.difference, paired.verdict) == (0, 0, 0.0, "unclear")


def test_a_comparison_is_the_same_each_time() -> None:
    first, second = version(1), version(2, errors=(1.0, 4.0))
    assert pair_predictions(first, second) == pair_predictions(first, second)


@pytest.mark.parametrize("name", ["data", "split", "figures"])
def test_rows_that_may_differ_are_not_paired(name: str) -> None:
    card = card_of()
    del card[name]
    assert pair_predictions(version(1), version(2, card)) is None
    assert pair_predictions(version(1, card), version(2, card)) is None


def test_other_rows_are_not_paired() -> None:
    first = version(1)
    assert pair_predictions(first, version(2, data="e" * 64)) is None
    assert first.figures is not None
    changed = replace(first.figures, actual=(0.0, *first.figures.actual[1:]))
    assert pair_predictions(first, replace(first, figures=changed)) is None


def test_the_spec_s_differences_are_named_by_their_keys() -> None:
    def spec(**content: Any) -> CardReader:
        return CardReader({"spec": {"content": {"model": "boston", **content}}})

    first = spec(fit={"steps": 300}, inputs=[{"name": "rm", "limits": [1, 15]}, {"name": "tax"}], seed=1)
    second = spec(
        fit={"steps": 500, "hidden": [8, 4]}, inputs=[{"name": "tax"}, {"name": "rm", "limits": [1, 9]}], seed=1
    )
    assert spec_differences(first, second) == [
        ("fit.steps", "300", "500"),
        ("inputs.rm.limits", "[1, 15]", "[1, 9]"),
        ("fit.hidden", "", "[8, 4]"),
    ]
    assert spec_differences(first, first) == []


def test_data_code_and_packages_that_differ_are_named() -> None:
    first, second = card_of(), card_of(data="e" * 64)
    second |= {"commit": "f" * 40, "packages": {"numpy": "2.5.0", "keras": "3"}}
    assert provenance_differences(CardReader(first), CardReader(second)) == [
        ("data, SHA-256", "d" * 64, "e" * 64),
        ("commit", "c" * 40, "f" * 40),
        ("package numpy", "2.4.6", "2.5.0"),
        ("package keras", "", "3"),
    ]


def test_gates_of_the_same_name_stand_side_by_side() -> None:
    first, second = ({"gates": [{"name": name, "value": 1} for name in names]} for names in ("ab", "bc"))
    found = pair_gates(CardReader(first), CardReader(second))
    assert [(name, bool(one), bool(other)) for name, one, other in found] == [
        ("a", True, False),
        ("b", True, True),
        ("c", False, True),
    ]


def test_a_long_list_of_levels_is_cut() -> None:
    levels = [f"level {number}" for number in range(500)]
    cards = [
        CardReader({"spec": {"content": {"inputs": [{"name": "zip", "categories": levels[skip:]}]}}}) for skip in (0, 1)
    ]
    ((key, first, second),) = spec_differences(*cards)
    assert key == "inputs.zip.categories"
    assert first.startswith("[level 0, level 1, ")
    assert first.endswith("… (500 in all)")
    assert second.endswith("… (499 in all)")
    assert len(first) < 450
