"""Reads the logs back: whole rows with their text restored; torn rows are skipped and counted."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from filesystem import only_plain
from journal.encoding import unescape_field
from journal.log_folder import daily_files

# The csv module refuses fields over 128 KiB; a logged body may be as long as the service accepts.
ANY_SIZE = 2**31 - 1


class LogReader:
    """The rows of one day's file, in order. It can be iterated more than once.

    Args:
        containing: a text that needs no escape; lines without it are skipped.

    Attributes:
        rows: after an iteration, the number of whole rows that it returned.
        torn: after an iteration, the number of lines that are not whole rows: a last line without an end, or a line
            that has not as many fields as the header.
    """

    def __init__(self, path: Path, containing: str = "") -> None:
        self.path = path
        self._containing = containing
        self.rows = self.torn = 0

    def __iter__(self) -> Iterator[dict[str, str]]:
        self.rows = self.torn = 0
        csv.field_size_limit(ANY_SIZE)
        with open(self.path, encoding="utf-8", errors="surrogateescape", newline="\n", opener=only_plain) as file:
            columns = file.readline().rstrip("\n").split(",")
            for line in file:
                if self._containing not in line:
                    continue
                # A row is one line, even if a quote is open at its end: so a torn row can't swallow the next.
                fields = fields_of(line)
                if len(fields) != len(columns):
                    self.torn += 1
                else:
                    self.rows += 1
                    yield dict(zip(columns, map(unescape_field, fields), strict=True))


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield a file's header and its whole rows, as lines of CSV for another reader."""
    csv.field_size_limit(ANY_SIZE)
    with open(path, "rb", opener=only_plain) as file:
        yield (header := file.readline())
        for line in file:
            if len(fields_of(line.decode("utf-8", "surrogateescape"))) == header.count(b",") + 1:
                yield line


def find(folder: Path, stream: str, request_id: str) -> Iterator[dict[str, str]]:
    """Return the rows of a request in a stream, oldest first."""
    for path in daily_files(folder, stream):
        for row in LogReader(path, containing=request_id):
            if row["request_id"] == request_id:
                yield row


def row_of(columns: Sequence[str], line: bytes) -> dict[str, str] | None:
    """Return a line without its end as a row, by column; None if it is torn."""
    text = line.decode("utf-8", "surrogateescape")
    fields = fields_of(text + "\n") if '"' in text else text.split(",")  # a quarter of the time
    if len(fields) != len(columns):
        return None
    escaped = "\\" in text or "'" in text
    return dict(zip(columns, map(unescape_field, fields) if escaped else fields, strict=True))


def fields_of(line: str) -> list[str]:
    """Return the fields of a line, as they are escaped; none if it has no end, or is no CSV."""
    try:
        return next(csv.reader([line[:-1]], strict=True), []) if line.endswith("\n") else []
    except csv.Error:
        return []
