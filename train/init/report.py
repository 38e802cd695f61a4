"""What the command says on the terminal: the table of columns, warnings, and the next command."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence

import numpy as np

from train.init.column import BOOLEAN, DATE, EMPTY, NUMBER, Column
from train.init.levels import min_rows_of
from train.init.plain_numbers import shown_range
from train.init.redundancy import why_no_input

_NAME, _KIND, _MISSING, _RANGE = 24, 8, 8, 34
_LEAST_WIDTH = 60


def column_table(columns: Sequence[Column], label: Column, inputs: dict[int, list[str]]) -> str:
    """Return the table of columns: name, type, missing values, range or levels, and what becomes of it.

    Args:
        inputs: the names of the inputs that a column became, by its identity.
    """
    width = max(shutil.get_terminal_size((140, 24)).columns, _LEAST_WIDTH)
    lines = [_line("column", "type", "missing", "range or levels", "")]
    for column in columns:
        if column is label:
            fate = "the label"
        elif column.left_out:
            fate = f"left out: {column.left_out}{how_to_keep(column)}"
        else:
            names = inputs.get(id(column), [])
            fate = "" if names == [column.name] else f"as {', '.join(names)}"
            fate = "; ".join(filter(None, (fate, column.note)))
        missing = _missing(column)
        lines.append(_line(_clean(column.name) or "(no name)", column.kind, str(missing or ""), _content(column), fate))
    return "\n".join(wrapped for line in lines for wrapped in _wrap(line, width))


def _missing(column: Column) -> int:
    """Return how many values are missing; 0 of numbers that could not be read: nothing is known of them."""
    if column.kind == EMPTY:
        return column.rows
    is_unread = column.kind == NUMBER and bool(column.left_out) and not column.is_judged
    return 0 if is_unread else int(column.is_missing.sum())


def how_to_keep(column: Column) -> str:
    """Return what to add to the reason why a column is left out: the option that keeps it, if one does."""
    name = column.name
    if why_no_input(column) or name != _clean(name):  # nobody could type it
        return ""
    return f"; --keep{'=' if name.startswith('-') else ' '}{shlex.quote(name)} keeps it"


def _line(name: str, kind: str, missing: str, content: str, fate: str) -> str:
    cells = (
        _cut(name, _NAME).ljust(_NAME),
        kind.ljust(_KIND),
        missing.rjust(_MISSING),
        _cut(content, _RANGE).ljust(_RANGE),
    )
    return "  ".join((*cells, fate)).rstrip()


def _wrap(line: str, width: int) -> Iterator[str]:
    """Yield a line, and what does not fit below it, further in."""
    indent = " " * 6
    while len(line) > width:
        at = line.rfind(" ", len(indent) + 1, width)
        at = width if at < width // 2 else at
        yield line[:at].rstrip()
        line = indent + line[at:].lstrip()
    yield line


def _content(column: Column) -> str:
    if column.is_missing.all():
        return ""
    if column.kind == NUMBER:
        known = column.values[~np.isnan(column.values)]
        return shown_range(known.min(), known.max())
    if column.kind == DATE:
        first, last = (find(column.values) for find in (np.nanargmin, np.nanargmax))
        return " to ".join(column.cells.texts[column.cells.codes[row]] for row in (first, last))
    shown = ", ".join(_clean(level) for level, _ in column.levels.most_common(5))
    if column.kind == BOOLEAN:
        return shown
    least = min_rows_of(column)
    rare = sum(count < least for count in column.levels.values())
    return f"{len(column.levels)}{f' ({rare} rare)' if rare else ''}: {shown}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
