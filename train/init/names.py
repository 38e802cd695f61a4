"""Names for inputs, from the names of columns. What a column is called becomes an alias: clients may go on using it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from registry.signature import MODEL_NAME, NAME, RESERVED

_LONGEST = 50  # leaves room for a number or a part of a date behind it


def fit_name(column: str, position: int, taken: Collection[str]) -> str:
    """Return the name of an input for a column.

    Args:
        position: of the column, from 1; for one whose name has no letter or digit that may stand in a name.
        taken: the names that it can't have.
    """
    plain = unicodedata.normalize("NFKD", column.replace("ß", "ss")).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "_", plain).strip("_")[:_LONGEST] if plain.strip() else ""
    if NAME.fullmatch(column) and len(column) <= _LONGEST:
        name = column
    if not name:
        name = f"column_{position}"
    if name[0].isdigit():
        name = f"n_{name}"
    if name in RESERVED:
        name = f"{name}_value"
    return free_name(name, taken)


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name, with a number behind it if others have it already."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def human(column: str) -> str:
    """Return the words of a name: ``Year_Built``, ``yearBuilt`` become ``Year built``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", column).replace("_", " ").replace(".", " ")
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    rest = [word if len(word) > 1 and word.isupper() else word.lower() for word in words.split()[1:]]
    first = words.split()[0] if words else column
    return " ".join([first[0].upper() + first[1:], *rest]) if words else "Value"


def model_name(file: str) -> str:
    """Return the name of a model for a file without its ending."""
    plain = unicodedata.normalize("NFKD", file).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-")[:_LONGEST]
    return name if MODEL_NAME.fullmatch(name) else "model"
