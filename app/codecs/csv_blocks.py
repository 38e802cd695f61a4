"""Blocks of CSV lines where nothing is wrong, taken apart in a few passes in C. Commas part the cells."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import orjson

from app.codecs.batch import Float64Matrix, to_float64

_MAX_BLOCK = 1 << 20  # bytes: in a longer one, a cell may be longer than cells may be
_DIGITS = b"0123456789.eE+-"  # what a number may have, in JSON as in CSV


def parse_numbers(lines: bytes, width: int) -> Float64Matrix | None:
    """Return the cells of lines that are nothing but ``width`` numbers each; None if they are not."""
    count = lines.count(b"\n") + 1
    frame = lines.translate(None, _DIGITS) + b"\n"
    if len(frame) != width * count or frame != (b"," * (width - 1) + b"\n") * count:
        return None
    cells = parse_cells(lines.replace(b"\n", b","), width * count)
    return None if cells is None else to_float64(cells).reshape(count, width)


def split_columns(lines: bytes, width: int) -> list[Sequence[str]] | None:
    """Return the columns of lines that are a record of ``width`` cells each; None if they are not."""
    if len(lines) > _MAX_BLOCK or b"\r" in lines:
        return None
    texts = lines.decode("utf-8", "surrogateescape").split("\n")
    if b'"' not in lines:
        if "" in texts or {text.count(",") for text in texts} != {width - 1}:  # blank lines are passed over
            return None
        cells = ",".join(texts).split(",")
        return [cells[place::width] for place in range(width)]
    try:
        rows = list(csv.reader(texts, strict=True))
    except csv.Error:
        return None
    # As many records as lines: none of them takes two.
    return list(zip(*rows, strict=True)) if len(rows) == len(texts) and set(map(len, rows)) == {width} else None


def parse_cells(text: bytes, count: int) -> list[Any] | None:
    """Return so many values of JSON, between commas; None if it is anything else."""
    try:
        cells: list[Any] = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return None
    return cells if len(cells) == count else None
