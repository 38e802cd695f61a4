"""The reply to a CSV file, gathered while it is read: the same CSV with three more columns, or JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import numpy as np
import orjson

from app.codecs.csv_reader import CsvBatch, CsvBatchReader
from app.errors import FieldError, InvalidInput
from app.http.context import RequestContext
from app.http.responses import CSV, JSON, FileResponse
from app.results import PredictionResult

_ADDED = ("prediction", "warnings", "error")
_IN_MEMORY = 1 << 20  # bytes of a reply, or of one of its lists in JSON, that need no file


def format_location(error: FieldError, lines: Sequence[int]) -> str:
    """Return an error of a batch's row, with its place in the file."""
    column = f", column {error.input}" if error.input else ""
    return f"line {lines[error.row]}{column}: {error.message}"


class ResponseWriter(ABC):
    """Gathers a reply in memory; one that grows long, in files without a name.

    Args:
        held: closes the files in the end.
    """

    def __init__(self, folder: Path, held: ExitStack, *names: str) -> None:
        self._files: dict[str, IO[bytes]] = {}
        for name in names:
            file = SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - it is held
            self._files[name] = held.enter_context(file)

    @abstractmethod
    def add(self, batch: CsvBatch, result: PredictionResult, first: int) -> None:
        """Add a batch and its predictions; ``first`` is the number of its first row."""

    @abstractmethod
    def response(self, model: str, context: RequestContext, filename: str | None) -> FileResponse:
        """Return the whole response; ``filename`` is that of an uploaded file, None if there was no form.

        Raises:
            OSError: if a file can't take it.
        """

    def size(self) -> int:
        """Return the bytes so far."""
        return sum(file.tell() for file in self._files.values())


class CsvResponseWriter(ResponseWriter):
    """The client's own text, with three more columns.

    Raises:
        InvalidInput: if it has one of them already.
    """

    def __init__(self, reader: CsvBatchReader, folder: Path, held: ExitStack) -> None:
        if taken := [name for name in _ADDED if name in reader.names]:
            message = "this column is added by the reply: rename or remove it"
            raise InvalidInput.from_errors([FieldError(0, name, message) for name in taken])
        super().__init__(folder, held, CSV)
        self._separator = reader.dialect.separator.encode()
        self._has_decimal_commas = reader.dialect.decimal == ","
        self._end = reader.end
        self._file = self._files[CSV]
        self._file.write(self._separator.join((reader.header, *map(str.encode, _ADDED))) + self._end)

    def add(self, batch: CsvBatch, result: PredictionResult, first: int) -> None:  # noqa: ARG002 - the other writer needs it
        numbers = orjson.dumps(result.predictions, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
        separator = self._separator
        if self._has_decimal_commas:
            numbers = [b'"%b"' % number.replace(b".", b",") for number in numbers]
        if not result.errors and not result.warnings:
            end = 2 * separator + self._end
            self._file.write(end.join(map(separator.join, zip(batch.records, numbers, strict=True))) + end)
            return
        warnings = {row: _quote("; ".join(map(str, items))) for row, items in result.warnings.items()}
        errors = {error.row: error for error in reversed(result.errors)}
        for row, (record, number) in enumerate(zip(batch.records, numbers, strict=True)):
            record += separator * batch.missing.get(row, 0)
            number, error = (b"", _quote(format_location(errors[row], batch.lines))) if row in errors else (number, b"")
            self._file.write(separator.join((record, number, warnings.get(row, b""), error)) + self._end)

    def response(self, model: str, context: RequestContext, filename: str | None) -> FileResponse:  # noqa: ARG002 - the other writer needs it
        response = FileResponse([self._file], f"{CSV}; charset=utf-8")
        if filename is not None:  # what was uploaded as a file is sent back as one
            name = f"{filename}-predicted" if filename else "predicted"
            response.headers.append(("Content-Disposition", f'attachment; filename="{name}.csv"'))
        return response


class JsonResponseWriter(ResponseWriter):
    """Predictions, null where there is none; warnings; and problems with their rows and lines."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        super().__init__(folder, held, "predictions", "warnings", "problems")

    def add(self, batch: CsvBatch, result: PredictionResult, first: int) -> None:
        predictions = result.predictions.copy()
        predictions[[error.row for error in result.errors]] = np.nan  # a null
        warnings: list[list[str]] = [[]] * len(batch.records)
        for row, items in result.warnings.items():
            warnings[row] = list(map(str, items))
        problems = [
            {"row": first + error.row, "line": batch.lines[error.row], "input": error.input, "message": error.message}
            for error in result.errors
        ]
        for file, values in zip(self._files.values(), (predictions, warnings, problems), strict=True):
            text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
            if text:
                file.write(b"," + text if file.tell() else text)

    def response(self, model: str, context: RequestContext, filename: str | None) -> FileResponse:  # noqa: ARG002 - the other writer needs it
        head = {"success": True, "request_id": context.request_id, "model": model, "version": context.version}
        parts: list[Any] = [orjson.dumps(head)[:-1]]
        for name, file in self._files.items():
            parts += [f',"{name}":['.encode(), file, b"]"]
        return FileResponse([*parts, b"}"], JSON)


def _quote(text: str) -> bytes:
    return f'"{text.replace(chr(34), chr(34) * 2)}"'.encode()
