"""Cells that are kept as codes: what comes out is what went in, without the spaces around it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from train.init import cells
from train.init.cells import columns_of

TEXTS = st.sampled_from(["", " ", "a", " a", "b ", "a b", "ä", "1.5"])


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=9), repeats=st.sampled_from([1, cells._CHUNK // 4]))
def test_each_row_has_its_text(rows: list[tuple[str, str]], repeats: int) -> None:
    rows = rows * repeats  # a few chunks, or a part of one
    for place, column in enumerate(columns_of(rows, 2)):
        expected = [row[place].strip() for row in rows]
        assert list(column) == expected
        assert list(column.texts) == list(dict.fromkeys(expected))
        assert column.counts() == {text: expected.count(text) for text in set(expected)}
        assert all(column.first_row(text) == expected.index(text) for text in column.texts)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, st.booleans()), min_size=1))
def test_some_of_the_rows_are_as_if_there_were_no_others(rows: list[tuple[str, bool]]) -> None:
    (column,) = columns_of([[text] for text, _ in rows], 1)
    stays = [row for row in rows if row[1]]
    kept = column.only(np.array([row[1] for row in rows]))
    assert list(kept) == [text.strip() for text, _ in stays]
    assert list(kept.texts) == list(dict.fromkeys(kept))
