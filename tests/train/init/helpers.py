"""CSV files as tables of texts, and how programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

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
