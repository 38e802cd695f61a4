"""Lines of a CSV file that are no rows: titles above the header, units below it, totals at the end, a second header.

A title is passed over where nothing else can be meant. All others are named, and the file is refused.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
_ALWAYS_TOTAL_WORDS = ("total", "summe")  # one of them is in each
_FEWEST = 5  # rows that can have a sum below them
_LAST = 3  # rows in which a word such as "mean" is taken for a total


def titles(reading: Reading) -> int:
    """Return how many records above the header are titles: texts in the first cell, and nothing else."""
    count = 0
    for _, cells in reading.head[:_MAX_TITLES]:
        filled = sum(map(bool, cells))
        is_title = filled == 1 and bool(cells[0]) and not number_form(cells[0])
        if len(cells) > reading.width or not (is_title or (count and not filled)):
            break
        count += 1
    return count if count < len(reading.head) and _is_full(reading.head[count], reading.width) else 0


def _is_full(record: Record, width: int) -> bool:
    cells = record[1]
    return len(cells) == width and all(cells[1:]) and not any(number_form(cell) for cell in cells)


def require_even(path: Path, reading: Reading, skipped: int) -> None:
    """Check that every record but the titles has the same number of cells.

    Raises:
        TrainError: naming the lines that have not, or that can't be read.
    """
    first = reading.lines[skipped] if skipped < len(reading.lines) else 0
    odd = [(line, width) for line, width in reading.odd if line >= first]
    way = f"parted by {reading.separator!r}"
    if not odd and reading.fault:
        raise TrainError(f"{path}, {reading.fault}; {way}: correct that line, or close the quotes before it")
    if not odd:
        return
    named = ", ".join(f"line {line} has {width}" for line, width in odd[:_SHOWN])
    more = f", and {len(odd) - _SHOWN} more lines are odd" if len(odd) > _SHOWN else ""
    last = reading.lines[-1]
    where = "; correct these lines"
    if odd[-1][0] < reading.lines[len(odd)]:
        where = "; if they stand above the header, remove them; if cells hold the separator, put quotes around them"
    elif odd[0][0] == reading.lines[-len(odd)] and odd[-1][0] == last:
        where = "; if they are totals or notes, remove them"
    raise TrainError(f"{path}: {way}, most lines have {reading.width} cells, but {named}{more}{where}")


def require_rows(path: Path, names: Sequence[str], reading: Reading, start: int) -> None:
    """Check that every record from a place on is a row: no units, no totals, no second header.

    Raises:
        TrainError: naming the line that is none.
    """
    header = list(names)
    last: deque[Record] = deque(maxlen=_LAST)
    for record in reading.records(start):
        if record[1] == header:
            raise TrainError(f"{path}, line {record[0]}: is the header again; remove the line")
        last.append(record)
    first, sample = next(reading.records(start))[1], reading.sample(start, len(reading.lines) - 1)
    line, row = last[-1]
    if len(names) > 2 and _is_note(row) and sum(_is_note(cells) for _, cells in reading.records(start)) == 1:
        raise TrainError(f"{path}, line {line}: has {row[0][:40]!r} and nothing else; if it is a note, remove it")
    numbers = [place for place in range(len(names)) if _holds_numbers([cells[place] for cells in sample[1:]])]
    texts = [first[place] for place in numbers if first[place] not in WORDS]
    if texts and not any(number_form(first[place]) for place in numbers):
        raise TrainError(
            f"{path}, line {reading.lines[start]}: has {texts[0]!r} where the other lines have numbers; "
            "if these are units, remove the line"
        )
    _require_no_total(path, names, reading, start, last)
    if len(reading.lines) - start >= _FEWEST and _may_be_sums(row, numbers, sample):
        _require_no_sum(path, reading, start, numbers, last[-1])


def _is_note(row: Sequence[str]) -> bool:
    return bool(row[0]) and not any(row[1:])


def _holds_numbers(cells: Sequence[str]) -> bool:
    values = [cell for cell in cells if cell not in WORDS]
    return bool(values) and sum(map(bool, map(number_form, values))) >= 0.9 * len(values)


def _require_no_total(path: Path, names: Sequence[str], reading: Reading, start: int, last: Sequence[Record]) -> None:
    """Check that no cell says that its row is a total. Some words say so only if they are new in the last rows."""
    doubtful = {(place, cell) for _, row in last for place, cell in enumerate(row) if _TOTAL.fullmatch(cell)}
    text = reading.text.lower()
    if not doubtful and not any(word in text for word in _ALWAYS_TOTAL_WORDS):
        return
    of_last = reading.lines[-len(last)]
    for line, row in reading.records(start):
        if line < of_last:
            doubtful -= set(enumerate(row))
        for place, cell in enumerate(row):
            if (line >= of_last and (place, cell) in doubtful) or (line < of_last and _ALWAYS_TOTAL.fullmatch(cell)):
                raise TrainError(
                    f"{path}, line {line}, column {names[place] or '(no name)'}: {cell!r} looks like a line of "
                    "totals; remove the line, or call this value something else"
                )


def _may_be_sums(last: Sequence[str], numbers: Sequence[int], sample: Sequence[Sequence[str]]) -> bool:
    """Say whether numbers of the last row are larger than those of a sample, or are all near to its means."""
    near: list[bool] = []
    for place in numbers:
        values = np.array([value for row in sample if (value := _value(row[place])) is not None])
        found = _value(last[place])
        if found is None or not values.size:
            continue
        if abs(found) > np.abs(values).max():
            return True
        near.append(abs(found - values.mean()) <= 0.5 * values.std() + 1e-3 * abs(values.mean()))
    return len(near) > 1 and all(near)


def _require_no_sum(path: Path, reading: Reading, start: int, numbers: Sequence[int], last: Record) -> None:
    """Check that the last row is not the sum, or the mean, of all others."""
    columns = [array("d") for _ in numbers]
    for _, row in reading.records(start):
        for column, place in zip(columns, numbers, strict=True):
            column.append(math.nan if (value := _value(row[place])) is None else value)
    sums, means, compared = 0, 0, 0
    for column in columns:
        values = np.array(column[:-1])
        values = values[~np.isnan(values)]
        if math.isnan(column[-1]) or not values.size or np.ptp(values) == 0:
            continue
        compared += 1
        total, found = math.fsum(values), column[-1]
        sums += abs(found - total) <= 1e-5 * abs(total) and abs(found) > np.abs(values).max()
        means += abs(found - total / len(values)) <= 1e-3 * abs(total) / len(values)
    if sums or means == compared > 1:
        what = "sums" if sums else "means"
        raise TrainError(f"{path}, line {last[0]}: has {what} of the lines above; remove the line")


def _value(cell: str) -> float | None:
    text = cell.replace(",", ".") if cell.count(",") == 1 else cell
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
