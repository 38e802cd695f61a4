"""Draw the report as one HTML page, which needs no other file and runs no script, or as Markdown (GitHub's tables).

templates/sections.jinja says what the report holds; report.html.jinja and report.md.jinja how each format draws it.
Every text that a template prints is escaped for its format, so text from cards and the history can't become markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from registry import printable

# What Markdown could take for markup. An underscore between letters is harmless; names stay readable without a \.
_MARKDOWN = re.compile(r"[\\`*\[\]|~#&<>]|(?<![^\W_])_|_(?![^\W_])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BREAK = re.compile(r"(?<=\S[/_])(?=\w)")  # where a line of HTML may break in a path or a name without spaces
_NUMERIC = {"Test RMSE", "95 % interval", "Value", "At most", "Bytes", "Rows sealed"}  # columns that hold numbers
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def to_html(report: dict[str, Any]) -> str:
    """Return the report as an HTML page."""
    return _render("report.html.jinja", report, _escape_html) + "\n"


def to_markdown(report: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    text = _render("report.md.jinja", report, _escape_markdown)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def quantity(number: int | None, noun: str) -> str:
    """Return a number with its noun, such as "1 row" or "2 rows"; nothing for None."""
    return "" if number is None else f"{number} {noun}{'' if number == 1 else 's'}"


def _render(template: str, report: dict[str, Any], escape_text: Callable[[str], Markup]) -> str:
    def finalize(value: Any) -> Markup:
        """Escape what a template prints, unless it is the output of a macro."""
        return value if isinstance(value, Markup) else escape_text(str(value))

    def joined(parts: Iterable[Any], by: str = " ") -> Markup:
        """Return the parts that are there, escaped, with a text between them."""
        return finalize(by).join(finalize(part) for part in parts if part)

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "after": lambda value, word: "" if value in (None, "") else f"{word} {value}",
        "by_line": lambda events: {event["line"]: event for event in events},
        "joined": joined,
        "number": lambda value: "" if value is None else f"{value:.4g}",
        "quantity": quantity,
        "time": _time,
    }
    environment.tests["free_of_markup"] = lambda text: re.fullmatch(r"[\w. -]+", text or "")
    environment.globals["numeric"] = _NUMERIC
    return environment.get_template(template).render(report=report)


def _escape_html(text: str) -> Markup:
    """Return escaped text of one line, with marks where a long word may break."""
    line = _BREAK.sub("\0", printable(text))  # printable() leaves no \0 of its own
    escaped = str(escape(line)).replace("\0", "<wbr>")
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', escaped))  # noqa: S704 - digits in what is escaped


def _escape_markdown(text: str) -> Markup:
    """Return text that is one line and no markup."""
    escaped = _MARKDOWN.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), printable(text))
    return Markup(escaped)  # noqa: S704 - no markup is left in it


def _time(time: str | None) -> str:
    """Return an ISO 8601 time to the second in UTC; a text that is no time with a zone as it is; nothing for None."""
    try:
        moment = datetime.fromisoformat(time or "")
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment.tzinfo else time or ""
    except (ValueError, OverflowError):
        return time or ""
