"""A document of facts, tables and lists, which Markdown and HTML draw in their own way; and how it writes values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

GOOD, WARN, BAD, LABEL, CODE, PLAIN = "good", "warn", "bad", "label", "code", "plain"


@dataclass(frozen=True, slots=True)
class Text:
    """A text and how it looks: good, warn, bad or label (a status), code, or plain."""

    text: str
    style: str = PLAIN


Cell = tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row, and columns whose position is in ``numeric`` hold numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences about faults."""

    sentences: Sequence[str]


Block = Facts | Table | Bullets | Text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a level, 2 or 3, and what stands below it."""

    level: int
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A title, what it is about, a status and sections."""

    title: str
    lead: str
    status: Text
    sections: Sequence[Section]


def cell(text: str | None) -> Cell:
    """Return a cell with a plain text; an empty one for None."""
    return (Text(text),) if text else ()


def code_cell(text: str | None) -> Cell:
    """Return a cell with a name or a digest; an empty one for None."""
    return (Text(text, CODE),) if text else ()


def join(*parts: str | None, by: str = " ") -> str:
    """Return the parts that are there, with a text between them."""
    return by.join(filter(None, parts))


def quantity(number: int | None, noun: str) -> str:
    """Return a number with its noun, such as "1 row" or "2 rows"; nothing for None."""
    return "" if number is None else f"{number} {noun}{'' if number == 1 else 's'}"


def format_number(value: float | None) -> str:
    """Return a number with four digits; nothing for None."""
    return "" if value is None else f"{value:.4g}"


def format_interval(low: float | None, high: float | None) -> str:
    """Return an interval; nothing unless both ends are there."""
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def format_share(share: float | None) -> str:
    """Return a share of the requests, 0 to 1, in per cent; nothing for None."""
    return "" if share is None else f"{share * 100:.4g} % of the requests"


def format_time(time: str | None) -> str:
    """Return an ISO 8601 time to the second in UTC; a text that is no time with a zone as it is; nothing for None."""
    try:
        moment = datetime.fromisoformat(time or "")
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment.tzinfo else time or ""
    except (ValueError, OverflowError):
        return time or ""
