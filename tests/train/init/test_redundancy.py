"""Columns that teach nothing are left out with the reason; those that look alike but teach something stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.train.init.helpers import columns
from train.init.redundancy import find_keys, find_useless, min_rows_of

ROWS = 60
RANDOM = np.random.default_rng(0)
LABEL = [f"{value:.3f}" for value in RANDOM.normal(size=ROWS)]
SIZE = [f"{value:.2f}" for value in RANDOM.uniform(10, 90, ROWS)]
COLOUR = [("red", "green", "blue")[number] for number in RANDOM.integers(3, size=ROWS)]
NUMBERS = list(map(str, range(1, ROWS + 1)))


def reason(name: str, cells: Sequence[str]) -> str:
    """Return why a column is left out beside a size and a colour."""
    label, *others = columns({"label": LABEL, "size": SIZE, "colour": COLOUR, name: cells})
    find_keys([label, *others], label)
    find_useless([label, *others], label)
    assert not others[0].left_out
    assert not others[1].left_out
    return others[2].left_out


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("x", ["7"] * ROWS, "it is constant"),
        ("x", ["a"] * ROWS, "it is constant"),
        ("x", ["7"] * (ROWS - 2) + ["8", "9"], "nearly constant: 2 of 60 rows differ"),
        ("x", ["7", "7"] * 20 + [""] * 20, "one value only, where it has any"),
        ("x", ["16777217", "16777216"] * 30, "it is constant"),  # to a model that takes float32
        ("x", ["1"] + [""] * (ROWS - 1), ""),  # 98 % missing: it is nearly constant
        ("x", NUMBERS, "row number"),
        ("id", [str(int(n) * 37 % 101 + 5000) for n in NUMBERS], "a key"),
        ("customerId", [str(int(n) * 37 % 101 + 5000) for n in NUMBERS], "a key"),
        ("x", [f"house {n}" for n in NUMBERS], "a key or free text"),
        ("x", [f"a long text of many words about house {int(n) // 2}" for n in NUMBERS], "free text"),
        ("x", SIZE, "a copy of size"),
        ("x", [{"red": "A", "green": "B", "blue": "C"}[colour] for colour in COLOUR], "a copy of colour"),
        ("x", [f"{float(size) * 1.8 + 32:.6f}" for size in SIZE], "size times a constant, plus a constant"),
    ],
)
def test_what_teaches_nothing_is_left_out(name: str, cells: Sequence[str], expected: str) -> None:
    found = reason(name, cells)
    assert found
    assert expected in found


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("year", [str(1960 + int(n)) for n in NUMBERS]),
        ("x", [str(int(n) * int(n)) for n in NUMBERS]),
        ("x", ["0"] * (ROWS - 6) + ["1"] * 6),
        ("home", ["Naboo"] * 11 + ["Tatooine"] * 10 + [f"planet {n}" for n in range(ROWS - 21)]),
        ("x", ["5", "6"] * 15 + [""] * 30),
        ("grid", [str(int(n) % 7) for n in NUMBERS]),
    ],
)
def test_what_may_teach_something_stays(name: str, cells: Sequence[str]) -> None:
    assert reason(name, cells) == ""


def test_many_levels_need_more_rows_each() -> None:
    cells = [f"street {number % 150}" for number in range(1490)]
    (street,) = columns({"street": cells})
    least = min_rows_of(street)
    assert sum(count >= least for count in street.levels.values()) <= 100
