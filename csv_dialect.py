"""The dialect of a CSV text: its encoding, separator, ends of lines and decimal mark, found from its first bytes.

And the records of a text in any dialect, for who needs no more of them than their cells.

Spreadsheets write CSV in many ways. The separator is the one by which the header holds the expected names. What can be
read in two ways is refused, never guessed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

Read = Callable[[int], bytes]  # returns about so many bytes of a text, and none at its end

_HEAD = 1 << 18  # bytes that the dialect is found from
_MAX_LINE = 1 << 20  # bytes
_SEPARATORS = ",;\t|"
_BOM = codecs.BOM_UTF8
# The byte order mark, or two ASCII characters: a header begins with them.
_UTF_16 = {"utf-16-le": re.compile(rb"\xff\xfe|[^\0]\0[^\0]\0"), "utf-16-be": re.compile(rb"\xfe\xff|\0[^\0]\0[^\0]")}
_SEP_LINE = re.compile(rb'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)
# Nearly all texts begin like this, and have no decimal commas; so nothing else needs to be looked for.
_STANDARD_HEADER = re.compile(rb'(?!sep=)[^"\0-\x1f;|\xef\xfe\xff]+\r?\n', re.IGNORECASE)
_QUOTED_COMMA = re.compile(rb'"[ +-]*[0-9]*,[0-9]')
_DECIMAL = re.compile(r"[+-]?(?=[.,]?[0-9])[0-9]*([.,])[0-9]*([eE][+-]?[0-9]+)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL_OR_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}")


class Record(NamedTuple):
    """A record of a CSV text: the line at which it begins, the names and values of its cells, and its fault, if any.

    A value is a text, a number, or why it can't be read as one.
    """

    line: int
    cells: list[tuple[str, str | float | ValueError]]
    fault: str


class DialectError(ValueError):
    """A text can't be read as CSV, or in more than one way; the message says why."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV text is written.

    Attributes:
        preface: what stands before the header, in UTF-8: a byte order mark, a line like ``sep=;``.
        separator: what parts the cells.
        decimal: the mark of its decimals, ``.`` or ``,``; empty if the first rows don't say.
    """

    preface: bytes
    separator: str
    decimal: str


_STANDARD = Dialect(b"", ",", ".")


def read_decimal(text: str, decimal: str = "") -> str:
    """Return a number with a decimal point; any other text as it is.

    Args:
        decimal: the mark that decimals have; empty if nobody knows.

    Raises:
        DialectError: if the number has the other mark, or what stands behind its mark may be decimals or thousands.
    """
    number = text.strip()
    found = _DECIMAL.fullmatch(number)
    if not found:
        return text
    if decimal and found[1] != decimal:
        raise DialectError(f'"{number[:40]}" has a "{found[1]}", but the decimals of this file have a "{decimal}"')
    if not decimal and _DECIMAL_OR_THOUSANDS.fullmatch(number):
        point, thousands = number.replace(",", "."), number.replace(found[1], "")
        raise DialectError(f'"{number}" may be {point} or {thousands}: write {number}0 or {thousands}')
    return number.replace(",", ".")


def parse_decimal(text: str) -> float | str:
    """Return a number as JSON writes it; the text, if it is none."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else text


def width_problem(cells: Sequence[str], width: int, separator: str) -> str:
    """Return what is wrong with a row that has other than ``width`` cells, as the header has."""
    row = separator.join(cells)
    others = (mark for mark in _SEPARATORS if mark != separator and row.count(mark) == width - 1 > 0)
    cause = next((f": it is parted by {mark!r}, the header by {separator!r}" for mark in others), "")
    return f"has {len(cells)} columns, the header {width}{cause}"


def open_csv(read: Read, names: Collection[str], numbers: Collection[str] | None = None) -> tuple[Dialect, Read]:
    """Find the dialect of a CSV text.

    Args:
        read: reads the text as it was sent.
        names: those that a header may hold, to tell the separator.
        numbers: those of the columns of numbers, to tell the decimal mark; None for all of them.

    Returns:
        the dialect; and a reader of what stands behind the preface, in UTF-8, where lines end with LF or CRLF.

    Raises:
        DialectError: if the text is a zip file, or its header can be split in two ways.
    """
    head = _read_head(read)
    if _STANDARD_HEADER.match(head) and not (b'"' in head and _QUOTED_COMMA.search(head)):
        return _STANDARD, _prepend(head, read)
    if head.startswith(b"PK\x03\x04"):
        raise DialectError("this is a workbook or another zip file: save it as CSV")
    if encoding := next((name for name, beginning in _UTF_16.items() if beginning.match(head)), ""):
        read = _to_utf_8(_prepend(head, read), encoding)
        head = _read_head(read)
    before, _, after = head.partition(b"\n")[0].partition(b"\r")
    if after and before.count(b'"') % 2 == 0:
        read = _to_line_feeds(_prepend(head, read))
        head = _read_head(read)
    preface = _BOM if head.startswith(_BOM) else b""
    sep_line = _SEP_LINE.match(head, len(preface))
    preface += sep_line[0] if sep_line else b""
    whole_lines = head[:_HEAD].rpartition(b"\n")[0] if len(head) >= _HEAD else head
    sample, head = whole_lines[len(preface) :], head[len(preface) :]
    separator = sep_line[1].decode() if sep_line else _find_separator(sample, names)
    return Dialect(
        preface, separator, _find_decimal(sample, separator, names if numbers is None else numbers)
    ), _prepend(head, read)


def read_records(read: Read, numbers: Collection[str]) -> Iterator[Record]:
    """Yield the records of a CSV text, whose first one names the columns. Blank lines and empty cells are passed over.

    Args:
        read: reads the text as it was sent.
        numbers: the columns that hold numbers.

    Raises:
        DialectError: if a part can't be read as CSV, naming the line; or as :func:`open_csv`.
    """
    dialect, read = open_csv(read, numbers)
    reader = csv.reader(_lines(read), delimiter=dialect.separator, strict=True)
    before = dialect.preface.count(b"\n")
    names: list[str] = []
    while True:
        line = before + reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise DialectError(f"line {line}: can't be read as CSV ({error})") from error
        if cells and not names:
            names = cells
        elif cells:
            fault = "" if len(cells) == len(names) else width_problem(cells, len(names), dialect.separator)
            named = [] if fault else [(name, cell) for name, cell in zip(names, cells, strict=True) if cell]
            values = [(name, _number(cell, dialect) if name in numbers else cell) for name, cell in named]
            yield Record(line, values, fault)


def _number(cell: str, dialect: Dialect) -> str | float | ValueError:
    try:
        return parse_decimal(read_decimal(cell, dialect.decimal))
    except DialectError as error:
        return error


def _lines(read: Read) -> Iterator[str]:
    """Yield lines with their ends; the last one may have none."""
    rest = b""
    while data := read(_HEAD):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "surrogateescape") + "\n"
        if len(rest) > _MAX_LINE:
            raise DialectError(f"a line is longer than {_MAX_LINE} bytes")
    yield rest.decode("utf-8", "surrogateescape")


def _read_head(read: Read) -> bytes:
    """Return the first bytes of a text, all if there are few."""
    parts, missing = [], _HEAD
    while missing > 0 and (data := read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _prepend(head: bytes, rest: Read) -> Read:
    pieces = iter([head])
    return lambda size: next(pieces, b"") or rest(size)


def _to_utf_8(read: Read, encoding: str) -> Read:
    decoder = codecs.getincrementaldecoder(encoding)("replace")

    def decoded(size: int) -> bytes:
        while data := read(size):
            if text := decoder.decode(data):
                return text.encode()
        return decoder.decode(b"", final=True).encode()

    return decoded


def _to_line_feeds(read: Read) -> Read:
    return lambda size: read(size).replace(b"\r", b"\n")


def _rows(sample: bytes, separator: str) -> Iterator[list[str]]:
    """Yield the rows up to a fault."""
    with suppress(csv.Error):
        yield from csv.reader(io.StringIO(sample.decode("utf-8", "surrogateescape"), newline=""), delimiter=separator)


def _find_separator(sample: bytes, names: Collection[str]) -> str:
    """Return the separator by which the header holds most of the names; a comma if none does."""
    headers = {mark: [cell.strip() for cell in next(_rows(sample, mark), [])] for mark in _SEPARATORS}
    found = {mark: sum(cell in names for cell in cells) for mark, cells in headers.items()}
    first, *others = (mark for mark in _SEPARATORS if found[mark] == max(found.values()))
    for other in others:
        if found[first] and headers[other] != headers[first]:
            raise DialectError(f"it can be parted by {first!r} and by {other!r}: quote the names that hold one of them")
    return first


def _find_decimal(sample: bytes, separator: str, names: Collection[str]) -> str:
    """Return the decimal mark that the numbers have which can be read in one way only; empty if they don't agree."""
    rows = _rows(sample, separator)
    columns = [position for position, name in enumerate(next(rows, [])) if name.strip() in names]
    texts = (row[column].strip() for row in rows for column in columns if column < len(row))
    marks = {
        found[1] for text in texts if (found := _DECIMAL.fullmatch(text)) and not _DECIMAL_OR_THOUSANDS.fullmatch(text)
    }
    if separator == ",":  # the standard: decimals have points, unless all numbers say something else
        return "," if marks == {","} else "."
    return marks.pop() if len(marks) == 1 else ""
