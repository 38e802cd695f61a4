"""The columns of a CSV file that a training uses: numbers, and texts as codes, read in chunks.

Every error about cells names the line and column of the first one, and counts the others.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from train.dataset.csv_columns import Column, column_reader
from train.dataset.csv_file import CsvRows, open_rows
from train.errors import TrainError
from train.spec.csv_format import CsvFormat

Indices = NDArray[np.int64]


_CHUNK = 4096  # rows


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file.

    Attributes:
        lines: int64 (n,), the line on which each row ends.
        frame: the columns: float64, where NaN is no value, or categorical, of texts without spaces around them.
        sha256: of the file's bytes.
    """

    lines: Indices
    frame: pd.DataFrame
    sha256: str


def read_csv(path: Path, form: CsvFormat, columns: Mapping[str, Column], advice: str = "correct the path") -> Table:
    """Read columns of a CSV file.

    Args:
        columns: what each of them holds, by its name in the file.
        advice: what to do if the file can't be read, for the error message.

    Raises:
        TrainError: naming the file, and the line and column where there is one.
    """
    with open_rows(path, form, columns, advice) as csv:
        positions = [_position(path, csv, form, name) for name in columns]
        names, readers = list(columns), [column_reader(column, form, csv.decimal) for column in columns.values()]
        lines = array("q")
        wrong: Counter[str] = Counter()  # by column, how many cells it can't have
        first = ""
        while chunk := list(islice(csv.rows, _CHUNK)):
            numbers, rows = zip(*chunk, strict=True)
            start = len(lines)
            lines.extend(numbers)
            cells = list(zip(*rows, strict=True))
            problems = sorted(
                (row, order, problem)
                for order, (position, reader) in enumerate(zip(positions, readers, strict=True))
                for row, problem in reader.read(cells[position])
            )
            wrong.update(names[order] for _, order, _ in problems)
            if problems and not first:
                row, order, problem = problems[0]
                first = f"{path}, line {lines[start + row]}, column {names[order]}: {problem}"
        if wrong:
            counts = ", ".join(f"{count} in {name}" for name, count in wrong.most_common())
            more = f"; such cells: {counts}" if wrong.total() > 1 else ""
            also = ", or set missing where the spec reads this column" if first.endswith("not ''") else ""
            raise TrainError(f"{first}{more}; correct them or remove the rows{also}")
        frame = pd.DataFrame({name: reader.values() for name, reader in zip(names, readers, strict=True)}, copy=False)
        return Table(np.frombuffer(lines, dtype=np.int64), frame, csv.sha256())


def _position(path: Path, csv: CsvRows, form: CsvFormat, name: str) -> int:
    if csv.names.count(name) != 1:
        problem = "has more than one column" if name in csv.names else "has no column"
        names = f"{list(csv.names[:50])}{' and more' if len(csv.names) > 50 else ''}"
        said = f"data.columns in the spec names {names}" if form.columns else ""
        raise TrainError(
            f"{path}: {problem} {name!r}; {said or f'its header, parted by {csv.separator!r}, names {names}'}"
        )
    return csv.names.index(name)
