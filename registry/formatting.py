"""Formats numbers and texts for people, in messages and on a terminal."""

from __future__ import annotations


def plain(value: float) -> str:
    """Return a number as a person would write it, with all its digits: 6, 0.1, 1234567."""
    return str(value).removesuffix(".0")


def printable(line: str) -> str:
    """Return a line with every character escaped that could move a terminal's cursor or end the line."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)
