"""Lines of a CSV file that are no rows: titles above the header, units below it, totals at the end, a second header.

A title is passed over where nothing else can be meant. All others are named, and the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from train.errors import TrainError
from train.init.missing import WORDS
from train.init.numbers import number_form
from train.init.separators import Reading, Record

_SHOWN = 5
_MAX_TITLES = 30
_TOTAL = re.compile(
    r"((grand|sub|overall)[ -]?)?(total|sum|summe|gesamt\w*|insgesamt|average|avg|mean|median|mittelwert|"
    r"durchschnitt|count|anzahl|somme|moyenne|totale|totaal|suma|subtotal)s?\b.{0,24}",
    re.IGNORECASE,
)
_ALWAYS_TOTAL = re.compile(r"(grand|sub|overall)?[ -]?totals?:?|summe:?", re.IGNORECASE)
_SAMPLE = 2000  # rows
_LAST = 3  # rows in which a word such as "mean" is taken for a total


def titles(reading: Reading) -> int:
    """Return how many records above the header are titles: texts in the first cell, and nothing else."""
    count = 0
    for _, cells in reading.records[:_MAX_TITLES]:
        filled = sum(map(bool, cells))
        is_title = filled == 1 and bool(cells[0]) and not number_form(cells[0])
        if len(cells) > reading.width or not (is_title or (count and not filled)):
            break
        count += 1
    return count if count < len(reading.records) and _is_full(reading.records[count], reading.width) else 0


def _is_full(record: Record, width: int) -> bool:
    cells = record[1]
    return len(cells) == width and all(cells[1:]) and not any(number_form(cell) for cell in cells)


def require_even(path: Path, reading: Reading, skipped: int) -> None:
    """Check that every record but the titles has the same number of cells.

    Raises:
        TrainError: naming the lines that have not, or that can't be read.
    """
    first = reading.records[skipped][0] if skipped < len(reading.records) else 0
    odd = [(line, cells) for line, cells in reading.odd if line >= first]
    way = f"parted by {reading.separator!r}"
    if not odd and reading.fault:
        raise TrainError(f"{path}, {reading.fault}; {way}: correct that line, or close the quotes before it")
    if not odd:
        return
    named = ", ".join(f"line {line} has {len(cells)}" for line, cells in odd[:_SHOWN])
    more = f", and {len(odd) - _SHOWN} more lines are odd" if len(odd) > _SHOWN else ""
    last = reading.records[-1][0]
    where = "; correct these lines"
    if odd[-1][0] < reading.records[len(odd)][0]:
        where = "; if they stand above the header, remove them; if cells hold the separator, put quotes around them"
    elif odd[0][0] == reading.records[-len(odd)][0] and odd[-1][0] == last:
        where = "; if they are totals or notes, remove them"
    raise TrainError(f"{path}: {way}, most lines have {reading.width} cells, but {named}{more}{where}")


def require_rows(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    """Check that every row is one: no units, no totals, no second header.

    Raises:
        TrainError: naming the line that is none.
    """
    for line, row in zip(lines, rows, strict=True):
        if list(row) == list(names):
            raise TrainError(f"{path}, line {line}: is the header again; remove the line")
    note = rows[-1][0]
    if len(names) > 2 and note and not any(rows[-1][1:]) and not any(row[0] and not any(row[1:]) for row in rows[:-1]):
        raise TrainError(f"{path}, line {lines[-1]}: has {note[:40]!r} and nothing else; if it is a note, remove it")
    columns = list(zip(*rows, strict=True))
    numbers = [position for position, cells in enumerate(columns) if _holds_numbers(cells[1:-1])]
    first = [rows[0][position] for position in numbers]
    texts = [cell for cell in first if cell not in WORDS]
    if texts and not any(map(number_form, first)):
        raise TrainError(
            f"{path}, line {lines[0]}: has {texts[0]!r} where the other lines have numbers; "
            "if these are units, remove the line"
        )
    for name, cells in zip(names, columns, strict=True):
        _require_no_total(path, name, cells, lines)
    _require_no_sum(path, rows, lines[-1], numbers)


def _holds_numbers(cells: Sequence[str]) -> bool:
    values = [cell for cell in cells[:: max(len(cells) // _SAMPLE, 1)] if cell not in WORDS]
    return bool(values) and sum(map(bool, map(number_form, values))) >= 0.9 * len(values)


def _require_no_total(path: Path, name: str, cells: Sequence[str], lines: Sequence[int]) -> None:
    """Check that no cell of a column says that its row is a total."""
    before = set(cells[:-_LAST])
    totals = {cell for cell in before if _ALWAYS_TOTAL.fullmatch(cell)}
    totals |= {cell for cell in cells[-_LAST:] if cell not in before and _TOTAL.fullmatch(cell)}
    for cell in totals:
        raise TrainError(
            f"{path}, line {lines[cells.index(cell)]}, column {name or '(no name)'}: {cell!r} looks like a line of "
            "totals; remove the line, or call this value something else"
        )


def _require_no_sum(path: Path, rows: Sequence[Sequence[str]], line: int, numbers: Sequence[int]) -> None:
    """Check that the last row is not the sum, or the mean, of all others."""
    if len(rows) < 5:
        return
    sums, means, compared = 0, 0, 0
    for column in numbers:
        last = _value(rows[-1][column])
        values = [value for row in rows[:-1] if (value := _value(row[column])) is not None]
        if last is None or not values or len(set(values)) == 1:
            continue
        compared += 1
        total = sum(values)
        sums += abs(last - total) <= 1e-5 * abs(total) and abs(last) > max(map(abs, values))
        means += abs(last - total / len(values)) <= 1e-3 * abs(total) / len(values)
    if sums or means == compared > 1:
        what = "sums" if sums else "means"
        raise TrainError(f"{path}, line {line}: has {what} of the lines above; remove the line")


def _value(cell: str) -> float | None:
    text = cell.replace(",", ".") if cell.count(",") == 1 else cell
    try:
        return float(text)
    except ValueError:
        return None
