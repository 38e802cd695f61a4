"""The CSV stream: whole lines and whole records, however the text arrives."""

from __future__ import annotations

import io
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from app.codecs.csv_stream import CsvLineStream


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
