"""The CSV stream: whole lines and whole records, however the text arrives."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from app.codecs.csv_stream import CsvLineStream

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def read_in_chunks(data: bytes, size: int) -> Callable[[int], bytes]:
    file = io.BytesIO(data)
    return lambda wanted: file.read(min(wanted, size))


@given(st.binary(max_size=60), st.integers(1, 9))
def test_blocks_are_whole_lines_and_nothing_is_lost(body: bytes, size: int) -> None:
    stream = CsvLineStream(read_in_chunks(b"a,b\n" + body, size))
    assert stream.header().cells == ["a", "b"]
    *blocks, last = [*iter(stream.next_block, b""), b""][:-1] or [b""]
    assert b"".join([*blocks, last]) == body
    assert all(block.endswith(b"\n") for block in blocks)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5), st.integers(1, 9), st.sampled_from(["", "\ufeff"])
)
def test_records_are_those_of_the_csv_module_with_their_lines(table: list[list[str]], size: int, bom: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *table])
    stream = CsvLineStream(read_in_chunks((bom + text.getvalue()).encode(), size))
    stream.header()
    records, line = [], 2
    while block := stream.next_block():
        stream.split(block)
        records += stream.records()
    for record, cells in zip(records, table, strict=True):
        assert (record.line, record.cells, record.fault) == (line, cells, "")
        line += record.raw.count(b"\n")
    assert stream.bom.decode() == bom
