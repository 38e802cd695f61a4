"""A CSV file, row by row: opened, decoded and divided into cells as its format says, or as its first bytes show.

Owns what a file may be; every error about one names its line. It is never in memory as a whole.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from csv_dialect import DialectError, Read, open_csv, width_problem
from filesystem import only_plain
from train.errors import TrainError
from train.spec.csv_format import WHITESPACE, CsvFormat

_BLOCK = 1 << 18  # bytes
_MAX_CELL = 1 << 17  # characters; the csv module has one limit for all readers of a process, and others raise it


@dataclass(frozen=True, slots=True)
class CsvRows:
    """An open CSV file.

    Attributes:
        names: of the columns, in order, without spaces around them.
        separator: what parts the cells.
        decimal: the mark of decimals; empty if nobody knows.
        rows: the line on which each row ends, and its cells, as many as there are names. Blank lines are none.
        sha256: of all bytes; right when there are no more rows.
    """

    names: tuple[str, ...]
    separator: str
    decimal: str
    rows: Iterator[tuple[int, list[str]]]
    sha256: Callable[[], str]


@contextmanager
def open_rows(
    path: Path, form: CsvFormat, columns: Collection[str] = (), advice: str = "correct the path"
) -> Iterator[CsvRows]:
    """Open a CSV file.

    Args:
        columns: those that a header must name; a separator that the format leaves out is found by them.
        advice: what to do if the file can't be read, for the error message.

    Raises:
        TrainError: if the file can't be read, or naming the line that is no CSV; also while the rows are read.
    """
    try:
        with open(path, "rb", opener=only_plain) as file:
            yield _open(path, form, columns, file)
    except OSError as error:
        raise TrainError(f"{path}: can't be read ({error.strerror}); {advice}") from error


def file_sha256(path: Path, advice: str) -> str:
    """Return the SHA-256 of a file, in lower-case hexadecimal.

    Raises:
        TrainError: if the file can't be read.
    """
    try:
        with open(path, "rb", opener=only_plain) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TrainError(f"{path}: can't be read ({error.strerror}); {advice}") from error


def _open(path: Path, form: CsvFormat, columns: Collection[str], file: io.BufferedReader) -> CsvRows:
    digest = hashlib.sha256()

    def read(size: int) -> bytes:
        content = file.read(size)
        digest.update(content)
        return content

    text = _recoded(path, read, form.encoding) if form.encoding else read
    try:
        dialect, text = open_csv(text, () if form.separator else columns)
    except DialectError as error:
        raise TrainError(f"{path}: the header: {error}") from error
    separator = form.separator or dialect.separator
    decimal = form.decimal or ("." if form.separator else dialect.decimal)
    before = dialect.preface.count(b"\n")
    stream = io.BufferedReader(_Stream(_checked(path, text, before)), _BLOCK)
    lines = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    before += sum(1 for _ in islice(lines, form.skip))
    if separator == WHITESPACE:
        rows = _split(path, lines, form.quote, before)
    else:
        rows = _parse(path, lines, form, separator, before)
    names = form.columns or tuple(name.strip() for name in next(rows, (0, []))[1])
    return CsvRows(names, separator, decimal, _of_width(path, rows, form, names, separator), digest.hexdigest)


def _of_width(
    path: Path, rows: Iterator[tuple[int, list[str]]], form: CsvFormat, names: tuple[str, ...], separator: str
) -> Iterator[tuple[int, list[str]]]:
    width = len(names)
    for line, row in rows:
        if len(row) != width:
            named = f"has {len(row)} columns, and data.columns in the spec has {width} names" if form.columns else ""
            problem = named or width_problem(row, width, separator)
            raise TrainError(f"{path}, line {line}: {problem}; correct the line")
        yield line, row


def _parse(
    path: Path, lines: Iterator[str], form: CsvFormat, separator: str, before: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row ends and its cells, without blank lines.

    Args:
        before: how many lines were read already.
    """
    reader = csv.reader(
        lines,
        delimiter=separator,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        skipinitialspace=bool(form.separator),
        strict=True,
    )
    begins = 1
    try:
        for row in reader:
            if row and max(map(len, row)) > _MAX_CELL:
                raise csv.Error(f"field larger than field limit ({_MAX_CELL})")
            if row:
                yield before + reader.line_num, row
            begins = reader.line_num + 1
    except csv.Error as error:
        line = before + reader.line_num
        where = f" in the row that begins on line {before + begins}" if begins < reader.line_num else ""
        raise TrainError(f"{path}, line {line}: not CSV: {error}{where}; correct the line") from error


def _split(path: Path, lines: Iterator[str], quote: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the same of a file whose cells are parted by any number of spaces and tabs."""
    for number, line in enumerate(lines, before + 1):
        try:
            row = split_line(line, quote)
        except ValueError as error:
            raise TrainError(f"{path}, line {number}: {error} on this line; correct the line") from error
        if row:
            yield number, row


def split_line(line: str, quote: str) -> list[str]:
    """Return the cells of a line that are parted by any number of spaces and tabs; none of a blank line.

    Args:
        quote: what may stand around a cell; empty for nothing.

    Raises:
        ValueError: if a cell's quotes are not closed.
    """
    if not quote or quote not in line:
        return line.split()
    cell = re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})*){quote}(?!\S)|([^{quote}\s]\S*)")
    if cell.sub("", line).strip():
        raise ValueError(f"a {quote} is not closed")
    return [found[1].replace(quote * 2, quote) if found[2] is None else found[2] for found in cell.finditer(line)]


def _recoded(path: Path, read: Read, encoding: str) -> Read:
    """Return a reader of the same text in UTF-8, without a byte order mark."""
    decoder = getincrementaldecoder(encoding)()
    lines, first = 1, True

    def recoded(size: int) -> bytes:
        nonlocal lines, first
        while True:
            content = read(size)
            try:
                text = decoder.decode(content, final=not content)
            except UnicodeError as error:
                read_well = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
                line = lines + read_well.count(b"\n")
                raise TrainError(
                    f"{path}, line {line}: not {encoding}; set data.encoding to the file's encoding"
                ) from error
            if text and first:
                text, first = text.removeprefix("\ufeff"), False
            lines += text.count("\n")
            if text or not content:
                return text.encode()

    return recoded


def _checked(path: Path, read: Read, before: int) -> Read:
    """Return a reader of the same text that refuses what is not UTF-8, and NUL characters."""
    decoder = getincrementaldecoder("utf-8")()
    lines = before + 1

    def checked(size: int) -> bytes:
        nonlocal lines
        content = read(size)
        try:
            decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            line = lines + error.object[: error.start].count(b"\n")  # it also holds what was left of the last block
            raise TrainError(
                f'{path}, line {line}: not UTF-8; save the file as UTF-8, or set data.encoding: "cp1252" is usual '
                "in Western Europe and America"
            ) from error
        if b"\0" in content:
            line = lines + content[: content.index(b"\0")].count(b"\n")
            raise TrainError(
                f"{path}, line {line}: holds a NUL character, as text files don't; set data.encoding if it is "
                '"utf-16" or another one, or remove it'
            )
        lines += content.count(b"\n")
        return content

    return checked


class _Stream(io.RawIOBase):
    """A reader as a raw stream."""

    def __init__(self, read: Read) -> None:
        self._read, self._rest = read, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a wider buffer
        """Fill a buffer. Return how many bytes there were, 0 at the end."""
        content = self._rest or self._read(len(buffer))
        count = min(len(buffer), len(content))
        buffer[:count], self._rest = content[:count], content[count:]
        return count
