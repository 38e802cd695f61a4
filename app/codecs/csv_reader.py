"""CSV with a header: from bytes to blocks of records, each with its text, its line and its numbers.

Inputs are found by name or alias, in any order of columns; other columns are left alone. A block of nothing but numbers
is parsed in a few passes in C; others go through the csv module (csv_text). Knows no HTTP and no model.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import orjson

from app.codecs.batch import Table, Values, float64
from app.codecs.csv_stream import CsvLineStream
from app.codecs.json_decoder import JsonDecoder
from app.errors import FieldError, Refusal

_RECORDS = 1 << 13  # records of the csv module that are looked at together
_COLUMNS = 1000  # that a header may have
# What a number may hold that JSON writes alike.
_DIGITS = b"0123456789.eE+-"


@dataclass(frozen=True, slots=True)
class CsvBatch:
    """Some records: as they were sent but for the end of the line, the line at which each begins, and their numbers.

    Of a record with more columns than the header, what is too much is left out; one that is no CSV is the text of one
    column. ``missing`` says by row how many columns are not there, for who wants to add further ones.
    """

    records: list[bytes]
    lines: Sequence[int]
    table: Table
    missing: dict[int, int]


class Reader:
    """Reads one CSV text.

    Args:
        read: gives at most so many bytes of it, and none at its end.

    Attributes:
        header: the header as it was sent, with a byte order mark, if there is one, but not the end of the line.
        names: the columns' names.
        end: the end of a line, as the header has it.

    Raises:
        Refusal: 400 if there is no header, 422 if an input is missing in it or there twice.
    """

    def __init__(self, read: Callable[[int], bytes], decoder: JsonDecoder) -> None:
        self._text = CsvLineStream(read)
        self._decoder = decoder
        header = self._text.header()
        self.end = b"\r\n" if header.raw.endswith(b"\r\n") else b"\n"
        self.header = self._text.mark + header.raw.rstrip(b"\r\n")
        self.names = [name.strip() for name in header.cells]
        if len(self.names) > _COLUMNS:
            raise Refusal(400, f"the header: has {len(self.names)} columns: send at most {_COLUMNS}")
        self._order = decoder.columns(self.names)

    def blocks(self) -> Iterator[CsvBatch]:
        """The records, in order. Blank lines are passed over.

        Raises:
            Refusal: 400, with the line, if a line has no end.
        """
        text = self._text
        while text.left or (block := text.block()):
            if not text.left:
                lines = block.replace(b"\r\n", b"\n").removesuffix(b"\n")
                values = self._numbers(lines)
                if values is not None:
                    first = text.line
                    text.line += len(values)
                    yield CsvBatch(lines.split(b"\n"), range(first, text.line), Table(values), {})
                    continue
                text.part(block)
            if (some := self._records()).records:
                yield some

    def _numbers(self, lines: bytes) -> Values | None:
        """The inputs of lines that are nothing but numbers, one for each column; None if they are anything else."""
        width = len(self.names)
        count = lines.count(b"\n") + 1
        frame = lines.translate(None, _DIGITS) + b"\n"
        if len(frame) != width * count or frame != (b"," * (width - 1) + b"\n") * count:
            return None
        cells = _parsed(lines.replace(b"\n", b","), width * count)
        if cells is None:
            return None
        values = float64(cells).reshape(count, width)
        return values if self._order == list(range(width)) else values[:, self._order]

    def _records(self) -> CsvBatch:
        """Some of the records that are left."""
        rows: list[list[str]] = []
        records: list[bytes] = []
        lines: list[int] = []
        faults: dict[int, str] = {}
        missing: dict[int, int] = {}
        width = len(self.names)
        for line, raw, cells, fault in islice(self._text.records(), _RECORDS):
            row = len(records)
            record = raw.rstrip(b"\r\n")
            if fault:
                cells = [raw.decode("utf-8", "surrogateescape").rstrip("\r\n")]
                record = _written(cells)
            elif len(cells) > width:
                record = _written(cells[:width])
            if fault or len(cells) != width:
                faults[row] = fault or f"has {len(cells)} columns, the header {width}"
                missing[row] = max(0, width - len(cells))
            else:
                rows.append([cells[column] for column in self._order])
            records.append(record)
            lines.append(line)
        return CsvBatch(records, lines, self._table(rows, faults), missing)

    def _table(self, rows: list[list[str]], faults: dict[int, str]) -> Table:
        """The numbers of the rows that are CSV, and a problem for each between them that is not."""
        found = self._read_rows(rows)
        if not faults:
            return found
        places = [row for row in range(len(rows) + len(faults)) if row not in faults]
        values = np.full((len(rows) + len(faults), found.values.shape[1]), np.nan)
        values[places] = found.values
        problems = [FieldError(places[problem.row], problem.input, problem.message) for problem in found.problems]
        problems += [FieldError(row, "", text) for row, text in faults.items()]
        return Table(values, sorted(problems, key=lambda problem: problem.row))

    def _read_rows(self, rows: list[list[str]]) -> Table:
        cells = _parsed(",".join(map(",".join, rows)).encode("utf-8", "surrogateescape"), sum(map(len, rows)))
        if cells is not None and set(map(type, cells)) <= {int, float}:
            return Table(float64(cells).reshape(len(rows), len(self._order)))
        return self._decoder.texts(rows)


def table(body: bytes, decoder: JsonDecoder) -> Table:
    """The rows of a whole CSV text, with columns that are no input left out.

    Raises:
        Refusal: 400 if it is no CSV with a header and rows, 413 if it has too many rows, 422 for a header that lacks an
            input.
    """
    reader = Reader(io.BytesIO(body).read, decoder)
    values: list[Values] = []
    problems: list[FieldError] = []
    count = 0
    for block in reader.blocks():
        values.append(block.table.values)
        problems += [FieldError(count + item.row, item.input, item.message) for item in block.table.problems]
        count += len(block.records)
        decoder.bound(count)
    decoder.bound(count)
    return Table(np.concatenate(values), problems)


def _parsed(text: bytes, count: int) -> list[Any] | None:
    """So many values of JSON, between commas; None if it is anything else."""
    try:
        cells: list[Any] = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return None
    return cells if len(cells) == count else None


def _written(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode("utf-8", "surrogateescape")
