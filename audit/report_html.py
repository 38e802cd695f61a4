"""The report as one HTML page that needs no other file and runs no script. audit/report.html is its template."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.document import Bullets, Document, Facts, Table
from registry import printable

# Where a line may break in a text without spaces: behind a slash or an underscore, and behind 16 digits of a SHA-256.
_BREAK = re.compile(r"(?<=\S[/_])(?=\w)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST = re.compile(r"[0-9a-f]{40,}")


def to_html(document: Document) -> str:
    """Return the document as an HTML page. Every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["kind"] = _kind
    return environment.get_template("report.html").render(document=document)


def _breakable(text: str) -> Markup:
    """Return escaped text without control characters, with marks where a long word may break."""
    line = _BREAK.sub("\0", _DIGEST.sub(_divide, printable(text)))  # printable() leaves no \0 of its own
    escaped = str(Markup("<wbr>").join(line.split("\0")))
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', escaped))  # noqa: S704 - digits in what is escaped


def _divide(digest: re.Match[str]) -> str:
    return "\0".join(digest[0][start : start + 16] for start in range(0, len(digest[0]), 16))


def _kind(block: object) -> str:
    return {Facts: "facts", Table: "table", Bullets: "bullets"}.get(type(block), "text")
