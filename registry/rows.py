"""The rows of a version: reference.csv and test.csv, as training writes them and as everything else reads them.

The columns are the inputs and the label. A cell of an input is what :meth:`Input.parse` reads, the label is a number.
Plain CSV (RFC 4180): texts are as they are, in quotes where they need some.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.errors import RegistryError
from registry.input import Input
from registry.integrity import VerifiedFiles
from registry.signature import Signature

REFERENCE, TEST = "reference.csv", "test.csv"

Floats = NDArray[np.float64]


def write_rows(path: Path, signature: Signature, rows: Floats, labels: Floats) -> None:
    """Write rows with their labels. Numbers have full precision.

    Args:
        rows: float64 (n, k), as the model sees them: texts are codes, and what is missing has ``missing.value``.
        labels: float64 (n,).
    """
    columns = [
        *(_cells(item, column.tolist()) for item, column in zip(signature.inputs, rows.T, strict=True)),
        map(repr, labels.tolist()),
    ]
    lines = [",".join(_columns(signature)), *map(",".join, zip(*columns, strict=True)), ""]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")


def read_rows(verified: VerifiedFiles, name: str, signature: Signature) -> Floats:
    """Return the rows of a file of a version, float64 (n, k + 1): as the model sees them, then the label.

    Raises:
        RegistryError: if the file is missing, has other columns or holds a cell that is no value of its column.
    """
    path, expected = verified.folder / name, _columns(signature)
    try:
        header, *lines = csv.reader(io.StringIO(verified.read(name).decode(), newline=""))
    except (csv.Error, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: is no CSV file in UTF-8 ({error})") from error
    except ValueError:  # no line
        header, lines = [], []
    if header != expected:
        raise RegistryError(f"{path}: expected the columns {', '.join(expected)}, not {', '.join(header)}")
    try:
        columns = list(zip(*lines, strict=True)) if lines else [()] * len(expected)
        inputs = [_values(item, cells) for item, cells in zip(signature.inputs, columns[:-1], strict=True)]
        return np.column_stack([*inputs, np.array(columns[-1], dtype=np.float64)])
    except ValueError as error:
        problem = next(_problems(lines, signature), str(error))
        raise RegistryError(f"{path}: {problem}; restore it") from error


def _columns(signature: Signature) -> list[str]:
    return [*signature.names, signature.output.name]


def _cells(item: Input, values: Sequence[float]) -> Iterator[str]:
    if not item.texts:
        return map(repr, values)
    texts = {value: csv_field(text) for value, text in item.texts.items()}
    return (texts[value] if value in texts else repr(value) for value in values)


def csv_field(text: str) -> str:
    """Return a text as a field; the csv module would leave a carriage return without quotes."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _values(item: Input, cells: Sequence[str]) -> Floats:
    if not item.texts:
        return np.array(cells, dtype=np.float64)
    values = {cell: item.parse(cell) for cell in set(cells)}
    return np.array([values[cell] for cell in cells], dtype=np.float64)


def _problems(lines: Sequence[Sequence[str]], signature: Signature) -> Iterator[str]:
    """Yield what is wrong with the cells, row by row."""
    names, width = _columns(signature), len(signature.inputs) + 1
    for number, cells in enumerate(lines, 1):
        if len(cells) != width:
            yield f"row {number} has {len(cells)} cells, and there are {width} columns"
            continue
        for name, cell, item in zip(names, cells, [*signature.inputs, None], strict=True):
            try:
                float(cell) if item is None else item.parse(cell)
            except ValueError:
                wanted = "a level of the input" if item is not None and item.levels else "a number"
                yield f"row {number}: {name}: expected {wanted}, not {cell[:40]!r}"
