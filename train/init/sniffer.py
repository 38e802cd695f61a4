"""How a CSV file is written: found from all its lines, or refused.

What can be read in two ways is asked for. No line is ever left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.errors import TrainError
from train.init.header import has_header, name_columns
from train.init.odd_lines import require_even, require_rows, titles
from train.init.separators import Reading, half_quoted, is_in_values_only, readings
from train.init.text_encoding import WESTERN, decode
from train.spec.csv_format import WHITESPACE, CsvFormat

_MARGIN = 0.08  # by how much one way of reading must look better than all others
_SEP_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)
_ESCAPED = re.compile(r'\\"(?![,;\t|:^\r\n]|$)')
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the person said of a file; what is None or empty is found.

    Attributes:
        columns: the names of the columns, in order.
        header: whether the first line names the columns.
        separator, decimal: as :class:`train.spec.csv_format.CsvFormat` has them.
    """

    columns: tuple[str, ...] = ()
    header: bool | None = None
    separator: str = ""
    decimal: str = ""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """How a file is written, without what its columns tell: the decimal mark and the words for missing values.

    Attributes:
        notes: what a person should check, such as lines that were passed over.
    """

    form: CsvFormat
    names: tuple[str, ...]
    notes: tuple[str, ...]


def sniff(path: Path, content: bytes, label: str, answers: Answers) -> Sniffed:
    """Find how a file is written.

    Raises:
        TrainError: naming the line, and what to do, if the file can't be read or can be read in two ways.
    """
    text, encoding = decode(path, content)
    notes = []
    if encoding == WESTERN:
        notes.append(_example_of(text))
    sep_line = _SEP_LINE.match(text)
    if sep_line:
        if sep_line[1] not in ",;\t|":
            raise TrainError(f"{path}, line 1: sep={sep_line[1]}: expected one of , ; tab |; remove the line")
        # A blank line in its place keeps the lines' numbers.
        text = text[sep_line.end(1) :].lstrip('"')
    _require_plain(path, text)
    reading = _choose(path, text, sep_line[1] if sep_line else answers.separator)
    skipped = titles(reading)
    require_even(path, reading, skipped)
    if len(reading.lines) - skipped < 2:
        raise TrainError(f"{path}: has no rows")
    first, rows = reading.head[skipped], reading.sample(skipped + 1)
    if answers.columns:
        is_header = name_columns(path, first, rows, answers.columns, answers.header)
    else:
        is_header = has_header(path, first, rows, label, answers.header)
        if not is_header:
            raise TrainError(f"{path}: has no header: name the columns with --columns, {len(first[1])} names")
    if skipped and not is_header:
        raise TrainError(
            f"{path}, line {reading.lines[0]}: stands above the rows, where a header may be; remove the line"
        )
    names = answers.columns or tuple(first[1])
    if names.count("") > 1:
        raise TrainError(f"{path}, line {first[0]}: {names.count('')} columns have no name; name all with --columns")
    start = skipped + is_header
    require_rows(path, names, reading, start)
    if skipped:
        shown = " ".join(filter(None, reading.head[0][1]))[:60]
        notes.append(f"lines above the header are passed over, {first[0] - 1} with blank ones; the first says: {shown}")
    skip = _skip(first[0], reading.lines[start], bool(skipped), is_header and bool(answers.columns), bool(sep_line))
    form = CsvFormat(
        encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        separator=reading.separator,
        decimal=answers.decimal,
        quote=reading.quote,
        columns=answers.columns,
        skip=skip,
    )
    return Sniffed(form, names, tuple(notes))


def _skip(header: int, row: int, has_titles: bool, is_renamed: bool, has_sep_line: bool) -> int:
    """Return how many lines to pass over; the line ``sep=`` is none of them."""
    if is_renamed:
        return row - 1 - has_sep_line
    return header - 1 - has_sep_line if has_titles else 0


def _choose(path: Path, text: str, separator: str) -> Reading:
    """Return the one way in which the text can be read.

    Raises:
        TrainError: if there is none, or more than one.
    """
    if not text.strip():
        raise TrainError(f"{path}: is empty")
    found = readings(text, separator)
    if not found:
        raise TrainError(
            f"{path}: no separator parts its lines into columns: tried , ; tab | : ^ and spaces; the file needs the "
            "label and at least one other column"
            if not separator
            else f"{path}: {separator!r} parts no line; correct the separator"
        )
    best = found[0]
    same = [other for other in found if other.equals(best)]
    others = [other for other in found if other not in same]
    twins = [other for other in others if (other.separator, other.width) == (best.separator, best.width)]
    if best.is_even and any(twin.is_even for twin in twins):
        others = [other for other in others if other not in twins]
        _require_quotes(path, next(way for way in (best, *twins) if way.quote == '"'))
    rivals = [other for other in others if _is_rival(other, best)]
    if rivals:
        ways = " and ".join(f"by {way.separator!r} with quotes {way.quote}" for way in (best, rivals[0]))
        raise TrainError(f"{path}: can be read {ways}; name the separator with --separator, or quote the cells")
    # Where a tab and spaces read the same, the tab is what the file has.
    return min(same, key=lambda reading: (reading.separator == WHITESPACE, reading.quote != best.quote))


def _require_quotes(path: Path, reading: Reading) -> None:
    """Check that single quotes stand around all texts of a column, or none: else they may be a part of the texts.

    Args:
        reading: with double quotes, of a text that can be read with single ones too.

    Raises:
        TrainError: naming the line of the first.
    """
    if record := half_quoted(reading):
        raise TrainError(
            f"{path}, line {record[0]}: has single quotes around a cell, and cells like it have none; "
            "remove them, or put double quotes around all cells"
        )


def _is_rival(other: Reading, best: Reading) -> bool:
    """Say whether a way of reading casts doubt on the one that looks best."""
    if not other.is_even:
        return other.score > best.score - _MARGIN / 4  # it must look as good
    if other.separator == "\t" and best.separator == WHITESPACE:
        return True  # spaces are in texts too, and part them into things that look like values
    # So do other marks, unless they only stand in numbers, dates and times. Spaces seldom part anything else.
    is_usual = other.separator == WHITESPACE or is_in_values_only(other.separator, best)
    return not is_usual or other.score > best.score - _MARGIN


def _require_plain(path: Path, text: str) -> None:
    """Check that the text has no escapes that CSV does not know, and no control characters."""
    for pattern, problem in (
        (_ESCAPED, 'has a \\" inside a cell; write quotes inside a cell twice: ""'),
        (_CONTROL, "has a control character; remove it"),
    ):
        if found := pattern.search(text):
            line = len(re.findall(r"\r\n|\r|\n", text[: found.start()])) + 1
            raise TrainError(f"{path}, line {line}: {problem}")


def _example_of(text: str) -> str:
    words: Sequence[str] = re.findall(r"\S*[^\x00-\x7f]\S*", text)
    return f"not UTF-8; read as {WESTERN}, such as {words[0][:40]!r}"
