"""CSV with a header: from bytes to batches of records, each with its text, its line and its values.

Inputs are found by name or alias, in any order of columns; other columns are left alone. A block of nothing but numbers
is parsed in a few passes in C, like one of sound lines with texts (csv_blocks); others go through csv_stream.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from app.codecs.batch import Float64Matrix, InputBatch, to_float64
from app.codecs.csv_blocks import parse_cells, parse_numbers, split_columns
from app.codecs.csv_stream import CsvLineStream
from app.codecs.date_cells import positions_of
from app.codecs.input_names import ABSENT
from app.codecs.json_decoder import JsonDecoder
from app.errors import MAX_ERRORS, FieldError, MalformedRequest
from csv_dialect import DialectError, Read, open_csv, width_problem

_MAX_RECORDS = 1 << 13  # of the csv module, in a batch
_FEW_ROWS = 16  # are decoded cell by cell if one of them is not all numbers
_MAX_COLUMNS = 1000  # of a header


@dataclass(frozen=True, slots=True)
class CsvBatch:
    """Some records of a CSV text.

    Attributes:
        records: each as it was sent, without the end of the line; columns beyond those of the header are left out,
            and a record that is not CSV is quoted as one column.
        lines: the line at which each begins.
        inputs: their values, and what is wrong with some.
        missing: how many columns a record lacks, by row.
    """

    records: list[bytes]
    lines: Sequence[int]
    inputs: InputBatch
    missing: dict[int, int]


class CsvBatchReader:
    """Reads one CSV text.

    Args:
        read: returns about so many bytes of it, and none at its end.

    Attributes:
        dialect: how it is written.
        header: the header as it was sent, with what stands before it, but not the end of the line.
        names: the columns' names.
        end: the end of a line, as the header has it.

    Raises:
        MalformedRequest: if there is no header, or it can be split in two ways.
        InvalidInput: if it lacks an input or names one twice.
    """

    def __init__(self, read: Read, decoder: JsonDecoder) -> None:
        try:
            self.dialect, read = open_csv(read, decoder.accepted, decoder.number_names)
        except DialectError as error:
            raise MalformedRequest(f"the header: {error}") from error
        self._separator = self.dialect.separator
        self._to_standard: bytes | None = None
        if (self._separator, self.dialect.decimal) != (",", "."):
            # Turns numbers into standard CSV, and the decimal mark that they must not have into something else.
            marks = {".": ".x", ",": "x.", "": "xx"}[self.dialect.decimal]
            self._to_standard = bytes.maketrans(f".,{self._separator}".encode(), f"{marks},".encode())
        preface = self.dialect.preface
        self._stream = CsvLineStream(read, self._separator, 1 + preface.count(b"\n"))
        self._decoder = decoder
        header = self._stream.header()
        self.end = b"\r\n" if header.raw.endswith(b"\r\n") else b"\n"
        self.header = preface + header.raw.rstrip(b"\r\n")
        self.names = [name.strip() for name in header.cells]
        if len(self.names) > _MAX_COLUMNS:
            raise MalformedRequest(f"the header: has {len(self.names)} columns: send at most {_MAX_COLUMNS}")
        self._order = decoder.inputs.map_columns(self.names, self._separator)
        self._is_complete = ABSENT not in self._order
        self._dates = decoder.inputs.find_dates(self.names)
        self._text_columns = decoder.text_columns | positions_of(self._dates)
        # A word for no value may look like a number with a decimal comma.
        has_such_words = bool(self._to_standard) and any("," in word for word in decoder.words)
        self._may_be_numbers = not self._text_columns and not has_such_words
        self._placeholder = self._find_placeholder()

    def _find_placeholder(self) -> list[str]:
        """Return cells that pass, for a record with a fault."""
        cells = ["0"] * len(self._decoder.names)
        for position in self._decoder.text_columns:
            cells[position] = next(iter(self._decoder.texts[position].values()))
        for date in self._dates:
            for position in date.positions:
                cells[position] = date.placeholder
        return cells

    def batches(self) -> Iterator[CsvBatch]:
        """Yield the records, in order. Blank lines are passed over.

        Raises:
            MalformedRequest: naming a line that has no end.
        """
        stream = self._stream
        while stream.pending or (block := stream.next_block()):
            if not stream.pending:
                lines = block.replace(b"\r\n", b"\n").removesuffix(b"\n")
                inputs = self._parse_block(lines)
                if inputs is not None:
                    first = stream.line
                    stream.line += len(inputs.values)
                    yield CsvBatch(lines.split(b"\n"), range(first, stream.line), inputs, {})
                    continue
                stream.split(block)
            if (batch := self._read_records()).records:
                yield batch

    def _parse_block(self, lines: bytes) -> InputBatch | None:
        """Return the inputs of lines in which every record is a line and sound; None if that is not so."""
        decoder, width = self._decoder, len(self.names)
        if self._may_be_numbers:
            values = parse_numbers(lines.translate(self._to_standard) if self._to_standard else lines, width)
            if values is not None:
                return InputBatch(self._pick(values))
        if not decoder.is_mixed or self._to_standard or (columns := split_columns(lines, width)) is None:
            return None
        absent = [""] * len(columns[0])
        return decoder.columns.decode_csv([absent if i == ABSENT else columns[i] for i in self._order], self._dates)

    def _pick(self, values: Float64Matrix) -> Float64Matrix:
        """Return the columns of the inputs, in their order."""
        if not self._is_complete:
            values = np.insert(values, 0, np.nan, axis=1)
            return values[:, [column + 1 for column in self._order]]
        return values if self._order == list(range(len(self.names))) else values[:, self._order]

    def _read_records(self) -> CsvBatch:
        """Return some of the pending records."""
        rows: list[list[str]] = []
        records: list[bytes] = []
        lines: list[int] = []
        faults: list[FieldError] = []
        missing: dict[int, int] = {}
        width = len(self.names)
        for line, raw, cells, fault in islice(self._stream.records(), _MAX_RECORDS):
            row = len(records)
            record = raw.rstrip(b"\r\n")
            if fault:
                cells = [raw.decode("utf-8", "surrogateescape").rstrip("\r\n")]
                record = self._format_record(cells)
            elif len(cells) > width:
                record = self._format_record(cells[:width])
            if fault or len(cells) != width:
                faults.append(FieldError(row, "", fault or width_problem(cells, width, self._separator)))
                missing[row] = max(0, width - len(cells))
                rows.append(self._placeholder)
            else:
                cells = cells if self._is_complete else [*cells, ""]  # at ABSENT
                rows.append([cells[column] for column in self._order])
                if self._to_standard:
                    faults += self._read_decimals(row, rows[row])
            records.append(record)
            lines.append(line)
        return CsvBatch(records, lines, self._decode(rows, faults), missing)

    def _read_decimals(self, row: int, cells: list[str]) -> Iterator[FieldError]:
        """Give the numbers of a row decimal points. Yield an error for each that can't be read in one way."""
        for position, cell in enumerate(cells):
            if position in self._text_columns:
                continue
            try:
                cells[position] = self._decoder.readers[position].with_point(cell, self.dialect.decimal)
            except DialectError as error:
                cells[position] = "0"  # a placeholder
                yield FieldError(row, self._decoder.names[position], str(error))

    def _format_record(self, cells: list[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self._separator, lineterminator="").writerow(cells)
        return text.getvalue().encode("utf-8", "surrogateescape")

    def _decode(self, rows: list[list[str]], faults: list[FieldError]) -> InputBatch:
        """Return the values of the rows, and an error for each that has a fault."""
        if self._decoder.is_mixed and rows:
            batch = self._decoder.columns.decode_csv(list(zip(*rows, strict=True)), self._dates)
        else:
            batch = _concatenate(self._decode_parts(rows, list(map(",".join, rows))))
        if not faults:
            return batch
        values = batch.values.copy()
        values[[error.row for error in faults]] = np.nan
        errors = sorted([*batch.errors, *faults], key=lambda error: error.row)
        return InputBatch(values, errors, batch.warnings, batch.dated)

    def _decode_parts(self, rows: list[list[str]], texts: list[str]) -> Iterator[InputBatch]:
        """Yield the numbers of the rows, and their errors; rows of nothing but numbers are looked for by halves."""
        cells = parse_cells(",".join(texts).encode("utf-8", "surrogateescape"), len(rows) * len(self._order))
        if cells is not None and set(map(type, cells)) <= {int, float}:
            yield InputBatch(to_float64(cells).reshape(len(rows), len(self._order)))
        elif len(rows) <= _FEW_ROWS:
            yield self._decoder.columns.decode_csv(list(zip(*rows, strict=True)))
        else:
            half = len(rows) // 2
            yield from self._decode_parts(rows[:half], texts[:half])
            yield from self._decode_parts(rows[half:], texts[half:])


def decode_csv(body: bytes, decoder: JsonDecoder) -> InputBatch:
    """Return the rows of a whole CSV text, with columns that are no input left out.

    Raises:
        MalformedRequest: if it is no CSV with a header and rows.
        TooLarge: if it has too many rows.
        InvalidInput: if the header lacks an input.
    """
    reader = CsvBatchReader(io.BytesIO(body).read, decoder)
    batches: list[InputBatch] = []
    rows = errors = 0
    for batch in reader.batches():
        batches.append(batch.inputs)
        rows += len(batch.records)
        errors += len(batch.inputs.errors)
        decoder.check_row_count(rows)
        if errors >= MAX_ERRORS:
            break
    decoder.check_row_count(rows)
    return _concatenate(batches)


def _concatenate(batches: Iterable[InputBatch]) -> InputBatch:
    """Return the rows of batches as one, and their errors."""
    values: list[Float64Matrix] = []
    errors: list[FieldError] = []
    warnings: list[FieldError] = []
    dated: frozenset[int] = frozenset()
    count = 0
    for batch in batches:
        values.append(batch.values)
        errors += [error._replace(row=count + error.row) for error in batch.errors]
        warnings += [warning._replace(row=count + warning.row) for warning in batch.warnings]
        dated |= batch.dated
        count += len(batch.values)
    return InputBatch(np.concatenate(values), errors, warnings, dated)
