"""The two forms of a bulk reply, gathered block by block in files without a name: the same CSV and more, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Self

import numpy as np
import orjson

from app.codecs.csv_reader import CsvBatch, Reader
from app.codecs.validation import refusal
from app.errors import FieldError
from app.http.context import RequestContext
from app.http.responses import CSV, JSON, FileReply
from app.inference.pipeline import PartialResult

_ADDED = ("prediction", "warnings", "error")


def placed(problem: FieldError, lines: Sequence[int]) -> str:
    """A problem of a block's row, with its place in the file."""
    column = f", column {problem.input}" if problem.input else ""
    return f"line {lines[problem.row]}{column}: {problem.message}"


class CsvResponseWriter:
    """The reader's own text, with three columns more.

    Raises:
        Refusal: 422 if it has one of them already.
    """

    def __init__(self, reader: Reader, folder: Path) -> None:
        there = [name for name in _ADDED if name in reader.names]
        if there:
            problems = [FieldError(0, name, "this column is added by the reply: rename or remove it") for name in there]
            raise refusal(422, problems)
        self._end = reader.end
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - the reply closes it
        self._file.write(reader.header + f",{','.join(_ADDED)}".encode() + self._end)

    def add(self, block: CsvBatch, found: PartialResult, first: int) -> None:  # noqa: ARG002 - as the other table's
        """Take a block and what was found for it."""
        numbers = orjson.dumps(found.predictions, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
        if not found.problems and not found.warnings:
            end = b",," + self._end
            self._file.write(end.join(map(b",".join, zip(block.records, numbers, strict=True))) + end)
            return
        notes = {row: _field("; ".join(map(str, items))) for row, items in found.warnings.items()}
        errors = {problem.row: placed(problem, block.lines) for problem in reversed(found.problems)}
        for row, (record, number) in enumerate(zip(block.records, numbers, strict=True)):
            record += b"," * block.missing.get(row, 0)
            number, error = (b"", _field(errors[row])) if row in errors else (number, b"")
            self._file.write(b",".join((record, number, notes.get(row, b""), error)) + self._end)

    def size(self) -> int:
        """The bytes so far."""
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # there will be no reply
            self._file.close()

    def reply(self, model: str, record: RequestContext, filename: str | None) -> FileReply:  # noqa: ARG002 - as the other table's
        """The whole reply; what was uploaded as a file is given back as one."""
        reply = FileReply([self._file], f"{CSV}; charset=utf-8")
        if filename is not None:
            name = f"{filename}-predicted" if filename else "predicted"
            reply.headers.append(("Content-Disposition", f'attachment; filename="{name}.csv"'))
        return reply


class JsonResponseWriter:
    """Predictions, null where there is none; warnings; and problems with their rows and lines."""

    def __init__(self, folder: Path) -> None:
        self._parts = {name: TemporaryFile(dir=folder) for name in ("predictions", "warnings", "problems")}  # noqa: SIM115 - the reply closes them

    def add(self, block: CsvBatch, found: PartialResult, first: int) -> None:
        """Take a block and what was found for it."""
        predictions = found.predictions.copy()
        predictions[[problem.row for problem in found.problems]] = np.nan  # a null
        warnings: list[list[str]] = [[]] * len(block.records)
        for row, items in found.warnings.items():
            warnings[row] = list(map(str, items))
        self._write("predictions", predictions)
        self._write("warnings", warnings)
        self._write(
            "problems",
            [
                {"row": first + p.row, "line": block.lines[p.row], "input": p.input, "message": p.message}
                for p in found.problems
            ],
        )

    def size(self) -> int:
        """The bytes so far."""
        return sum(file.tell() for file in self._parts.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # there will be no reply
            for file in self._parts.values():
                file.close()

    def reply(self, model: str, record: RequestContext, filename: str | None) -> FileReply:  # noqa: ARG002 - as the other table's
        """The whole reply."""
        said = {"success": True, "request_id": record.request_id, "model": model, "version": record.version}
        parts: list[Any] = [orjson.dumps(said)[:-1]]
        for name, file in self._parts.items():
            parts += [f',"{name}":['.encode(), file, b"]"]
        return FileReply([*parts, b"}"], JSON)

    def _write(self, name: str, values: Any) -> None:
        text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        file = self._parts[name]
        if text:
            file.write(b"," + text if file.tell() else text)


def _field(text: str) -> bytes:
    return f'"{text.replace(chr(34), chr(34) * 2)}"'.encode()
