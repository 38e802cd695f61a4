"""Both readers return the same rows, of whatever the service may write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.encoding import unescape_field
from monitor.logs import duckdb_reader, line_reader
from monitor.logs.checked_reader import read_rows
from monitor.logs.log_file import LogFile
from monitor.logs.rows import PredictionRows
from tests.monitor.logs_of import INPUTS, at, predictions, request, write

NAMES = (*INPUTS, "prediction")
FLOATS = st.floats(width=32) | st.sampled_from([0.1, 1e-45, 3.4028235e38, float("nan"), float("inf"), -0.0])
TEXT = st.text(max_size=12) | st.sampled_from(['"', ",", "'=1", "\n", "\\", "a,b", "é", "\udcff", "𝄞", " x "])
SLOW = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def columns(blocks: Iterable[Any]) -> dict[str, list[Any]]:
    """All values of each column; texts in place of their codes."""
    found: dict[str, list[Any]] = {}
    for block in blocks:
        for item in fields(block):
            value = getattr(block, item.name)
            if item.name in ("flags", "errors"):
                value = np.array(block.texts, dtype=object)[value]
            if item.name != "texts":
                found.setdefault(item.name, []).extend(value.tolist())
    return found


def assert_same_rows(path: Path, make: Callable[[Any], Callable[[LogFile], Iterable[Any]]]) -> dict[str, list[Any]]:
    fast, sure = (columns(make(module)(LogFile.open(path))) for module in (duckdb_reader, line_reader))
    np.testing.assert_equal(fast, sure)
    return sure


@SLOW
@given(
    rows=st.lists(
        st.tuples(st.tuples(FLOATS, FLOATS, FLOATS, FLOATS), TEXT, st.sampled_from(["", "a:b", "x y"])), min_size=1
    ),
    role=st.sampled_from(["champion", "canary", "fallback", "shadow", "pinned", "boss"]),
)
def test_predictions(tmp_path: Path, rows: list[tuple[tuple[float, ...], str, str]], role: str) -> None:
    written = [
        predictions([values], request_id, at(number / 1e6), role=role, flags=[flag], first=number)
        for number, (values, request_id, flag) in enumerate(rows)
    ]
    path = write(tmp_path, "predictions", b"".join(written))
    found = assert_same_rows(path, lambda module: partial(module.read_predictions, values=NAMES))
    assert len(found["times"]) == len(rows)
    np.testing.assert_array_equal(
        np.array(found["values"], dtype=np.float32), np.array([values for values, _, _ in rows], dtype=np.float32)
    )


@SLOW
@given(rows=st.lists(st.tuples(st.integers(100, 599), TEXT, st.floats(0, 1e9)), min_size=1, max_size=8))
def test_requests(tmp_path: Path, rows: list[tuple[int, str, float]]) -> None:
    written = [request("a", at(n), status, error, ms) for n, (status, error, ms) in enumerate(rows)]
    path = write(tmp_path, "requests", b"".join(written))
    found = assert_same_rows(path, lambda module: module.read_requests)
    assert list(map(unescape_field, found["errors"])) == [error for _, error, _ in rows]


def test_a_long_error_is_cut_alike(tmp_path: Path) -> None:
    path = write(tmp_path, "requests", request(error="é" * 5000) + request(error="e\u0301" * 5000))
    found = assert_same_rows(path, lambda module: module.read_requests)
    assert {len(text) for text in found["errors"]} == {300}


def test_a_long_body_is_no_reason_to_read_line_by_line(tmp_path: Path) -> None:
    row = request()
    body = b"x" * (4 << 20)  # what a body of the longest kind comes to, each byte in an escape
    path = write(tmp_path, "requests", row + row.partition(b'"')[0] + body + b"\n" + row)
    assert len(assert_same_rows(path, lambda module: module.read_requests)["times"]) == 3


def test_rows_that_come_while_a_file_is_read_line_by_line_are_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "predictions", predictions([[1, 1, 1, 1]]) * 2)

    def grow(file: LogFile) -> Iterator[PredictionRows]:
        yield from line_reader.read_predictions(file, NAMES)
        with path.open("ab") as log:
            log.write(predictions([[1, 1, 1, 1]]))

    rows, faults = read_rows(LogFile.open(path), lambda _: [], grow, lambda blocks: sum(map(len, blocks)))
    assert rows == 2
    assert faults == [f"{path.name}: was read line by line; DuckDB finds 0 of 2 rows"]
