"""Whether the first line of a CSV file names the columns. If it can be read both ways, the person is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from train.errors import TrainError
from train.init.dates import date_format
from train.init.missing import WORDS
from train.init.numbers import number_form

_ASK = "if it names the columns, add --header; if it is a row, "


def has_header(
    path: Path, first: tuple[int, Sequence[str]], rows: Sequence[Sequence[str]], label: str, choice: bool | None
) -> bool:
    """Say whether the first record names the columns.

    Args:
        first: its line and its cells.
        rows: some of the records below it.
        label: the column that the person calls the label.
        choice: what the person said of it; None if nothing.

    Raises:
        TrainError: if it can be read both ways.
    """
    if choice is not None:
        return choice
    line, cells = first
    values = sum(_is_value(cell) for cell in cells)
    above_values = sum(_is_name(cell) and _holds_values(column, rows) for column, cell in enumerate(cells))
    if (not values and above_values) or (label in cells and (above_values or not values)):
        return True
    shown = ", ".join(cells[:6]) + (", ..." if len(cells) > 6 else "")
    columns = f"name the columns with --columns, {len(cells)} names with commas between them"
    if values:
        raise TrainError(f"{path}, line {line}: {shown}: looks like the other lines; {_ASK}{columns}")
    raise TrainError(
        f"{path}, line {line}: {shown}: no column is called {label!r}; correct --label, or, if this line is a row, "
        f"{columns}"
    )


def name_columns(
    path: Path,
    first: tuple[int, Sequence[str]],
    rows: Sequence[Sequence[str]],
    names: Sequence[str],
    choice: bool | None,
) -> bool:
    """Say whether the first record is a header, of a file whose columns the person named.

    Raises:
        TrainError: if the names are too few or too many, or the record may be a header.
    """
    line, cells = first
    if len(names) != len(cells):
        raise TrainError(f"{path}, line {line}: has {len(cells)} columns, but --columns gives {len(names)} names")
    repeated = sorted({name for name in names if names.count(name) > 1 or not name})
    if repeated:
        raise TrainError(f"--columns: {repeated[0]!r} must be given once; each column needs a name of its own")
    if choice is not None:
        return choice
    if any(_is_name(cell) and _holds_values(column, rows) for column, cell in enumerate(cells)):
        raise TrainError(
            f"{path}, line {line}: {', '.join(cells[:6])}: looks like a header; if your names shall replace it, add "
            "--header; if it is a row, add --no-header"
        )
    return False


def _is_value(cell: str) -> bool:
    return bool(number_form(cell) or date_format([cell]))


def _is_name(cell: str) -> bool:
    return cell not in WORDS and not _is_value(cell)


def _holds_values(column: int, rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows if (cell := row[column]) not in WORDS]
    return bool(cells) and sum(map(_is_value, cells)) >= 0.9 * len(cells)
