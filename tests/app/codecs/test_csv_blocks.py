"""Blocks of lines taken apart at once: the same cells as record by record, or none."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.codecs.csv_blocks import split_columns
from app.codecs.csv_reader import CsvBatchReader
from app.codecs.json_decoder import JsonDecoder
from tests.conftest import FLATS

DECODER = JsonDecoder(FLATS, 10_000)
PIECES = st.lists(st.sampled_from(["a", "é", ",", ",", '"', '"', '""', "\n", "\n", " ", "\x00", "\u2028", "\r"]))


@given(PIECES.map("".join), st.integers(1, 3))
@hypothesis_settings(max_examples=500)
def test_columns_are_those_of_the_csv_module_if_there_are_any(text: str, width: int) -> None:
    columns = split_columns(text.encode(), width)
    if columns is not None:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert list(zip(*columns, strict=True)) == list(map(tuple, rows))
        assert {len(row) for row in rows} == {width} == {len(columns)}


@pytest.mark.parametrize("lines", ["a,b\nc", "a,b\n\nc,d", 'a,"b\nc",d', 'a,"b', 'a,"b"c', "a,b\r", "a,b,c\nd"])
def test_lines_with_a_fault_or_of_several_records_are_for_the_csv_module(lines: str) -> None:
    assert split_columns(lines.encode(), 2) is None


CELLS = st.tuples(
    st.sampled_from(["4", "", " ", "3.5", "1e1", "x", "-13", "null"]),
    st.sampled_from(["Höchst", " Höchst", "Foo", "", "a,b", 'the "old" town', "3"]),
    st.sampled_from(["", "with", "TRUE", "0", "maybe"]),
)


@given(st.lists(CELLS, min_size=1, max_size=40))
def test_a_block_of_lines_is_what_its_records_are(rows: list[tuple[str, str, str]]) -> None:
    """A last line with a fault sends the whole block to the csv module."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([FLATS.names, *rows])
    at_once, singly = (
        [batch.inputs for batch in CsvBatchReader(io.BytesIO((text.getvalue() + end).encode()).read, DECODER).batches()]
        for end in ("", '1,"x"y,1\n')
    )
    ((block,), (records,)) = at_once, singly
    assert np.array_equal(block.values, records.values[:-1], equal_nan=True)
    assert block.errors == records.errors[:-1]
    assert sorted(block.warnings) == sorted(records.warnings)
