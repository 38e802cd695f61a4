"""The report as Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import mistune

from audit.document import Bullets, Document, Section, Text
from audit.report_layout import lay_out
from audit.report_markdown import to_markdown
from tests.audit.helpers import hostile_report


def test_text_of_others_can_not_become_markup(tmp_path: Path) -> None:
    text = to_markdown(lay_out(hostile_report(tmp_path)))
    assert not re.search(r"<|\x1b|\u202e", text)
    page = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(text)
    assert isinstance(page, str)
    assert set(re.findall(r"<(\w+)", page)) <= {
        "h1",
        "h2",
        "h3",
        "p",
        "strong",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | a\\nb `c` *d* [e](javascript:f)" in page
    assert r"\x1b[2J\u202e &amp;amp; _h_" in page


def test_every_row_of_a_table_has_as_many_cells_as_its_head(tmp_path: Path) -> None:
    text = to_markdown(lay_out(hostile_report(tmp_path)))
    widths: list[int] = []
    for line in text.splitlines():
        widths = [*widths, len(re.findall(r"(?<!\\)\|", line))] if line.startswith("|") else []
        assert len(set(widths)) <= 1, line


def test_text_that_no_encoding_has_can_be_written() -> None:
    damaged = Text("\ud800")
    text = to_markdown(Document("\ud800", "\ud800", damaged, [Section(2, "\ud800", [damaged, Bullets(["\ud800"])])]))
    assert text.encode().count(rb"\\ud800") == 6


def test_a_report_without_faults_says_so(tmp_path: Path) -> None:
    text = to_markdown(lay_out(hostile_report(tmp_path)))
    assert "**no fault was found**" in text
    assert text.endswith("\n")
