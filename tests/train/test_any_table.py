"""Any table: the same numbers from each way of writing it, and the same cells from the numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formatting import plain
from tests.train.helpers import write_spec
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.spec import read_spec

BOSTON = Path("train/data/boston.csv").read_text(encoding="utf-8").splitlines()
NAMES = BOSTON[0].split(",")
ROWS = [line.split(",") for line in BOSTON[1:]]
LABEL = {"plausible": [0, 100]}

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32).map(plain)
# A text of a cell: no spaces around it, and nothing that a file can't hold.
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    .map(str.strip)
    .filter(lambda text: text not in ("", "NA"))
)


def load_boston(folder: Path, content: str, names: dict[str, str] | None = None, **data: Any) -> Dataset:
    """Read a variant of the file with the inputs of the shipped spec.

    Args:
        names: what the variant calls the columns.
    """
    column = names or {name: name for name in NAMES}
    inputs = [
        {"name": "rm", "column": column["rm"], "limits": [1, 15], "missing": "median"},
        {"name": "tax", "column": column["tax"], "limits": [0, 2000], "missing": "median"},
        {"name": "age", "column": column["age"], "limits": [0, 100], "missing": "median"},
    ]
    label = {**LABEL, "column": column["medv"], "name": "medv", "missing": "drop"}
    return load_dataset(read_spec(write_spec(folder, content, inputs, data=data, label=label)))


def fixed_width(rows: list[list[str]]) -> str:
    """As the file of 1993 has it: columns of 8 characters, no header."""
    return "".join(" " + "".join(f"{cell:>8} " for cell in row) + "\n" for row in rows)


def index_column() -> str:
    """As pandas and R write it: the row's number in a column without a name."""
    return "".join(f"{number or ''},{line}\n" for number, line in enumerate(BOSTON))


def semicolons() -> str:
    return "\n".join(BOSTON).replace(",", ";").replace(".", ",")


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (lambda: fixed_width(ROWS), {"separator": "whitespace", "header": False, "columns": NAMES}),
        (index_column, {}),
        (index_column, {"separator": ","}),
        (semicolons, {}),
        (semicolons, {"separator": ";", "decimal": ","}),
        (lambda: "housing\n\n" + semicolons(), {"separator": ";", "decimal": ",", "skip": 2}),
        (lambda: "\n".join(BOSTON).replace(",", ", ").replace("medv", '"medv"'), {"separator": ","}),
    ],
)
def test_the_variants_of_boston_that_are_about_have_the_same_numbers(
    tmp_path: Path, content: Callable[[], str], data: dict[str, Any]
) -> None:
    plain_file = load_boston(tmp_path, "\n".join(BOSTON))
    variant = load_boston(tmp_path, content(), **data)
    np.testing.assert_array_equal(variant.inputs, plain_file.inputs)
    np.testing.assert_array_equal(variant.label, plain_file.label)
    np.testing.assert_array_equal(variant.test_rows, plain_file.test_rows)
    assert variant.described == plain_file.described


@pytest.mark.parametrize("word", ["NA", ""])
def test_boston_with_capitals_and_missing_cells_has_the_same_numbers_where_there_are_some(
    tmp_path: Path, word: str
) -> None:
    rows = [list(row) for row in ROWS]
    for position, column in enumerate([5, 9, 6, 0, 13, 5]):  # of rm, tax, age, crim and medv
        for row in range(position, len(rows), 25):
            rows[row][column] = word
    capitals = {name: name.upper() for name in NAMES}
    content = "\n".join(",".join(row) for row in [[*capitals.values()], *rows])
    variant = load_boston(tmp_path, content, capitals, missing=["NA"])
    plain_file = load_boston(tmp_path, "\n".join(BOSTON))
    kept = [row for row in range(len(rows)) if rows[row][13] != word]
    assert variant.unlabelled == len(rows) - len(kept) == 21
    expected = plain_file.inputs[kept]
    is_missing = np.array([[rows[row][column] == word for column in (5, 9, 6)] for row in kept])
    np.testing.assert_array_equal(variant.inputs[~is_missing], expected[~is_missing])
    np.testing.assert_array_equal(variant.label, plain_file.label[kept])
    missing = np.array([item.missing.value for item in variant.described if item.missing])
    np.testing.assert_array_equal(variant.inputs[is_missing], np.broadcast_to(missing, is_missing.shape)[is_missing])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """Return rows of a number, a text and a price, any of the first two missing, and the inputs that say so."""
    count = draw(st.integers(40, 60))
    levels = draw(st.lists(TEXTS, min_size=2, max_size=5, unique=True))
    numbers = draw(st.lists(st.sampled_from(["", "NA"]) | NUMBERS, min_size=count, max_size=count))
    texts = draw(st.lists(st.sampled_from(["", "NA", *levels]), min_size=count, max_size=count))
    rows = [
        [number, text, str(row), plain(float(row % 9))]
        for row, (number, text) in enumerate(zip(numbers, texts, strict=True))
    ]
    number = {"name": "number", "limits": [-1e6, 1e6], "missing": draw(st.sampled_from(["median", "mode", 5]))}
    other = draw(st.sampled_from([levels[0], "all others"]))
    text = {"name": "text", "categories": levels, "other": other, "missing": draw(st.sampled_from(["mode", levels[1]]))}
    if draw(st.booleans()):
        text["min_rows"] = draw(st.integers(1, 10))
    return rows, [number, text, {"name": "row", "limits": [0, 100]}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tables(), st.sampled_from([{}, {"separator": ";"}, {"separator": "|", "encoding": "utf-16"}]))
def test_the_cells_of_a_table_are_read_back(
    tmp_path: Path, table: tuple[list[list[str]], list[dict[str, Any]]], data: dict[str, str]
) -> None:
    rows, inputs = table
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=data.get("separator", ","))
    writer.writerows([["number", "text", "row", "price"], *rows])
    content = text.getvalue().encode(data.get("encoding", "utf-8"))
    try:
        loaded = load_dataset(read_spec(write_spec(tmp_path, content, inputs, data={**data, "missing": ["NA"]})))
    except TrainError as error:
        if "teaches the model nothing" not in str(error):
            raise
        return
    number, category, _ = loaded.described
    merged = loaded.merged.get("text", ())
    assert category.other is not None
    for row, (first, second, _) in zip(rows, loaded.inputs, strict=True):
        assert number.format(first) == ("" if row[0] == "NA" else row[0])
        expected = category.texts[category.other] if row[1] in merged else row[1]
        assert category.format(second) == ("" if row[1] == "NA" else expected)
        assert number.parse(number.format(first)) == first
        assert category.parse(category.format(second)) == second
