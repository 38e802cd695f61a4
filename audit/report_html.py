"""The report as one HTML page that needs no other file and runs no script. audit/report.html is its template."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.report_document import Bullets, Document, Facts, Table
from registry import printable

# Where a line may break in a text without spaces: behind a slash or an underscore, and within a SHA-256.
_BREAK = re.compile(r"(?<=[/_])(?=\w)|(?<=[0-9a-f]{16})(?=[0-9a-f]{16})")


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
    """Return escaped text without control characters that can be broken between the parts of long words."""
    return Markup("<wbr>").join(_BREAK.split(printable(text)))


def _kind(block: object) -> str:
    return {Facts: "facts", Table: "table", Bullets: "bullets"}.get(type(block), "text")
