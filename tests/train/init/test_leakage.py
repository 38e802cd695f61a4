"""Columns that give the label away are left out; strong inputs stay and are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.train.init.helpers import columns
from train.init.leakage import find_leaks

ROWS = 200
RANDOM = np.random.default_rng(1)
SIZE = RANDOM.uniform(50, 200, ROWS)
AGE = RANDOM.uniform(0, 50, ROWS)
PRICE = 100 + 3 * SIZE - 2 * AGE + RANDOM.normal(0, 90, ROWS)


def texts(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    return [f"{value:.4f}" for value in values]


def leaks(others: Mapping[str, list[str]]) -> tuple[dict[str, str], dict[str, float]]:
    """Return why columns beside a size and an age are left out, and the strongest of the others."""
    label, *read = columns({"price": texts(PRICE), "size": texts(SIZE), "age": texts(AGE), **others})
    strong = find_leaks(read, label, 42)
    return {column.name: column.left_out for column in read if column.left_out}, strong


def test_columns_that_only_help_stay() -> None:
    assert leaks({}) == ({}, {"size": leaks({})[1]["size"]})


def test_rows_that_are_there_many_times_make_no_column_a_leak() -> None:
    label, other = columns({"price": texts(PRICE[:60]) * 20, "size": texts(RANDOM.normal(size=60)) * 20})
    assert find_leaks([other], label, 42) == {}
    assert not other.left_out


def test_a_copy_and_a_function_of_the_label_are_found() -> None:
    found, _ = leaks({"copy": texts(PRICE), "log": texts(np.log(PRICE + 1000)), "less": texts(-PRICE / 7)})
    assert set(found) == {"copy", "log", "less"}
    assert "copy of the label" in found["copy"]


def test_a_column_that_explains_nearly_all_is_found() -> None:
    found, _ = leaks({"asked": texts(PRICE + RANDOM.normal(0, 4, ROWS))})
    assert "alone explains" in found["asked"]


def test_levels_that_explain_nearly_all_are_found() -> None:
    found, _ = leaks({"band": [f"band {int(price // 20)}" for price in np.clip(PRICE, 150, 750)]})
    assert "alone explains" in found["band"]


def test_parts_that_add_up_to_the_label_are_found() -> None:
    part = RANDOM.uniform(0, 200, ROWS)
    found, _ = leaks({"land": texts(part), "house": texts(PRICE - part)})
    assert found == {
        "land": "it gives the label away: together with house it adds up to it",
        "house": "it gives the label away: together with land it adds up to it",
    }


def test_bounds_whose_mean_is_the_label_are_found() -> None:
    width = RANDOM.uniform(20, 80, ROWS)
    found, _ = leaks({"low": texts(PRICE - width), "high": texts(PRICE + width)})
    assert set(found) == {"low", "high"}


def test_a_label_without_noise_is_no_sum() -> None:
    label, *read = columns(
        {"y": texts(3 * SIZE + 0.5 * AGE), "size": texts(SIZE), "age": texts(AGE), "x": texts(RANDOM.normal(size=ROWS))}
    )
    find_leaks(read[1:], label, 42)
    assert not any(column.left_out for column in read)


def test_the_strongest_columns_are_told_in_order() -> None:
    noisy = PRICE + RANDOM.normal(0, 40, ROWS)
    found, strong = leaks({"asked": texts(noisy)})
    assert found == {}
    assert list(strong) == ["asked", *(name for name in strong if name != "asked")]
    assert 0.5 < strong["asked"] < 0.98


def test_missing_values_are_no_obstacle() -> None:
    asked = [cell if number % 4 else "" for number, cell in enumerate(texts(PRICE))]
    found, _ = leaks({"asked": asked})
    assert set(found) == {"asked"}
