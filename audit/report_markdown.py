"""The report as Markdown (GitHub's tables). Text from cards and the history can't become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from audit.document import BAD, CODE, Block, Bullets, Cell, Document, Facts, Section, Text
from registry import printable

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# An underscore between letters is none: so names stay readable.
_SPECIAL = re.compile(r"[\\`*\[\]|~#&<>]|(?<![^\W_])_|_(?![^\W_])")


def to_markdown(document: Document) -> str:
    """Return the document as Markdown, ending in one line end."""
    status = f"**{_escape(document.status.text)}**"
    parts = [f"# {_escape(document.title)}", _escape(document.lead), status]
    for section in document.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> list[str]:
    return [f"{'#' * section.level} {_escape(section.title)}", *map(_block, section.blocks)]


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return _text(block)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_escape(sentence)}" for sentence in block.sentences)
    if isinstance(block, Facts):
        return "\n".join(
            ["| Fact | Value |", "| --- | --- |", *(f"| {name} | {_cell(cell)} |" for name, cell in block.rows)]
        )
    rules = ("---:" if column in block.numeric else "---" for column in range(len(block.columns)))
    lines = [_escape(block.caption) + ":", "", _row(block.columns), _row(rules)]
    return "\n".join([*lines, *(_row(map(_cell, row)) for row in block.rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return " ".join(map(_text, cell))


def _text(text: Text) -> str:
    escaped = _escape(text.text)
    if text.style == CODE and re.fullmatch(r"[\w.-]+", text.text):
        return f"`{text.text}`"
    return f"**{escaped}**" if text.style == BAD else escaped


def _escape(text: str) -> str:
    """Return text that is one line and no markup."""
    return _SPECIAL.sub(lambda match: _HTML.get(match[0], "\\" + match[0]), printable(text))
