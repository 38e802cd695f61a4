"""The reply to a CSV file, gathered while it is read: the same CSV with more columns, or JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.codecs.csv_reader import CsvBatch, CsvBatchReader
from app.endpoints.query import Query, explanation_objects, interval_pairs
from app.errors import FieldError, InvalidInput
from app.http.context import RequestContext
from app.http.responses import CSV, JSON, FileResponse
from app.inference.explainer import Explanation
from app.results import PredictionResult

_ADDED, _ENDS = ("prediction", "warnings", "error"), ("interval_low", "interval_high")
Explanations = Sequence[Explanation | None] | None
_IN_MEMORY = 1 << 20  # bytes of a reply, or of one of its lists in JSON, that need no file


def format_location(error: FieldError, lines: Sequence[int]) -> str:
    """Return an error of a batch's row, with its place in the file."""
    column = f", column {error.place}" if error.place else ""
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
    def add(self, batch: CsvBatch, result: PredictionResult, first: int, explanations: Explanations) -> None:
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
    """The client's own text, with three more columns, and those that the query asks for.

    Args:
        names: of the inputs.

    Raises:
        InvalidInput: if it has one of them already.
    """

    def __init__(
        self, reader: CsvBatchReader, folder: Path, held: ExitStack, wishes: Query, names: Sequence[str]
    ) -> None:
        contributions = ("base", *(f"contribution_{name}" for name in names))
        added = (*_ADDED, *(_ENDS if wishes.level is not None else ()), *(contributions if wishes.explain else ()))
        if taken := [name for name in added if name in reader.names]:
            message = "this column is added by the reply: rename or remove it"
            raise InvalidInput.from_errors([FieldError(0, name, message) for name in taken])
        super().__init__(folder, held, CSV)
        self._separator = reader.dialect.separator.encode()
        self._has_decimal_commas = reader.dialect.decimal == ","
        self._end = reader.end
        self._width = len(contributions)
        self._file = self._files[CSV]
        self._file.write(self._separator.join((reader.header, *map(str.encode, added))) + self._end)

    def add(self, batch: CsvBatch, result: PredictionResult, first: int, explanations: Explanations) -> None:  # noqa: ARG002 - the other writer needs it
        numbers = self._format(result.predictions)
        separator = self._separator
        beside = self._beside(result, explanations)
        if not result.errors and not result.warnings and not beside:
            end = 2 * separator + self._end
            self._file.write(end.join(map(separator.join, zip(batch.records, numbers, strict=True))) + end)
            return
        warnings = {row: _quote("; ".join(map(str, items))) for row, items in result.warnings.items()}
        errors = {error.row: error for error in reversed(result.errors)}
        for row, (record, number) in enumerate(zip(batch.records, numbers, strict=True)):
            record += separator * batch.missing.get(row, 0)
            number, error = (b"", _quote(format_location(errors[row], batch.lines))) if row in errors else (number, b"")
            cells = (record, number, warnings.get(row, b""), error, *(texts[row] for texts in beside))
            self._file.write(separator.join(cells) + self._end)

    def _beside(self, result: PredictionResult, explanations: Explanations) -> list[list[bytes]]:
        """Return the cells of the columns that were asked for: a list for each column, n texts; empty for NaN."""
        tables: list[NDArray[Any]] = []
        if result.intervals is not None:
            tables.append(result.intervals)
        if explanations is not None:
            missing = np.full(self._width, np.nan)
            rows = [missing if item is None else [item.base, *item.contributions] for item in explanations]
            tables.append(np.array(rows, dtype=np.float64))
        columns = [np.ascontiguousarray(column) for table in tables for column in table.T]
        texts = [self._format(column) for column in columns]
        return [
            [b"" if lacks else text for lacks, text in zip(np.isnan(column).tolist(), cells, strict=True)]
            for column, cells in zip(columns, texts, strict=True)
        ]

    def _format(self, values: NDArray[Any]) -> list[bytes]:
        """Return numbers, (n,), as cells, in the client's decimal mark."""
        texts = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
        return [b'"%b"' % text.replace(b".", b",") for text in texts] if self._has_decimal_commas else texts

    def response(self, model: str, context: RequestContext, filename: str | None) -> FileResponse:  # noqa: ARG002 - the other writer needs it
        response = FileResponse([self._file], f"{CSV}; charset=utf-8")
        if filename is not None:  # what was uploaded as a file is sent back as one
            name = f"{filename}-predicted" if filename else "predicted"
            response.headers.append(("Content-Disposition", f'attachment; filename="{name}.csv"'))
        return response


class JsonResponseWriter(ResponseWriter):
    """Predictions, null where there is none; warnings; problems with their rows and lines; and what was asked for.

    Args:
        names: of the inputs.
    """

    def __init__(self, folder: Path, held: ExitStack, wishes: Query, names: Sequence[str]) -> None:
        beside = ["intervals"] * (wishes.level is not None) + ["explanations"] * wishes.explain
        super().__init__(folder, held, "predictions", "warnings", "problems", *beside)
        self._names = names

    def add(self, batch: CsvBatch, result: PredictionResult, first: int, explanations: Explanations) -> None:
        predictions = result.predictions.copy()
        predictions[[error.row for error in result.errors]] = np.nan  # a null
        warnings: list[list[str]] = [[]] * len(batch.records)
        for row, items in result.warnings.items():
            warnings[row] = list(map(str, items))
        problems = [
            {"row": first + error.row, "line": batch.lines[error.row], "input": error.place, "message": error.message}
            for error in result.errors
        ]
        lists: list[Any] = [predictions, warnings, problems]
        if result.intervals is not None:
            lists.append(interval_pairs(result.intervals))
        if explanations is not None:
            lists.append(explanation_objects(explanations, self._names))
        for file, values in zip(self._files.values(), lists, strict=True):
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
