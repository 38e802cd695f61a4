"""CSV files as tables of texts, and how programs write them."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from train.init.column import Column
from train.init.column_types import read_table
from train.spec.csv_format import CsvFormat

HEADER = ["size", "price", "colour", "sold"]


def rows(count: int = 60) -> list[list[str]]:
    """Return rows of a whole number, a number with decimals, a text of two words or one, and a date."""
    colours = ("dark red", "blue", "green, pale")
    return [
        [
            str(40 + 7 * number % 61),
            f"{100.5 + number * 1.37:.2f}",
            colours[number % 3],
            f"2024-0{number % 9 + 1}-1{number % 8}",
        ]
        for number in range(count)
    ]


def write(
    table: Sequence[Sequence[str]],
    separator: str = ",",
    decimal: str = ".",
    quote: str = '"',
    end: str = "\n",
    *,
    quote_all: bool = False,
) -> str:
    """Return a table as a program writes it that has such settings."""
    file = io.StringIO()
    writer = csv.writer(
        file,
        delimiter=separator,
        quotechar=quote,
        lineterminator=end,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    )
    for row in table:
        writer.writerow([cell.replace(".", decimal) if _is_decimal(cell) else cell for cell in row])
    return file.getvalue()


def _is_decimal(cell: str) -> bool:
    return cell.count(".") == 1 and cell.replace(".", "").isdigit()


def column(name: str, cells: Sequence[str]) -> Column:
    """Return a column as it is read from a file of that column and a number."""
    return columns({name: cells})[0]


def columns(table: Mapping[str, Sequence[str]], separator: str = ",") -> list[Column]:
    """Return the columns of a table as they are read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(write([list(table), *map(list, zip(*table.values(), strict=True))], separator))
        return read_table(path, CsvFormat(separator=separator)).columns
