"""Rows of explanations as lines of CSV, and which predictions have one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from journal import LogReader, encode_explanations, explanation_columns, is_explained

COLUMNS = explanation_columns(("base", "method"))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.just(3)), elements=FLOATS))
def test_every_value_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, values: NDArray[np.float64]) -> None:
    file: Path = tmp_path_factory.getbasetemp() / "explanations.csv"
    numbers = range(7, 7 + len(values))
    lines = encode_explanations("2026-11-25T00:00:00Z", "a", "m,1", 3, values, numbers, "sampled")
    file.write_bytes((",".join(COLUMNS) + "\n").encode() + lines)
    rows = list(LogReader(file))
    assert [int(row["row"]) for row in rows] == list(numbers)
    assert {(row["model"], row["version"], row["method"]) for row in rows} == {("m,1", "3", "sampled")}
    names = ("base", "contribution_base", "contribution_method")
    assert [[float(row[name]) for name in names] for row in rows] == values.tolist()


def test_an_input_of_any_name_has_a_column_of_its_own() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS) == 9


@pytest.mark.parametrize(
    ("flags", "explained"),
    [("explained", True), ("rm:outside_training explained", True), ("explained:outside_training", False), ("", False)],
)
def test_an_explained_prediction_is_known_by_its_flag(flags: str, explained: bool) -> None:
    assert is_explained({"flags": flags}) == explained
