"""The report as an HTML page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from audit.document import Bullets, Document, Section, Text
from audit.report_html import to_html
from audit.report_layout import lay_out
from tests.audit.helpers import hostile_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "wbr"}


class Outline(HTMLParser):
    """The tags of a page; fails if one is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_text_of_others_can_not_become_markup(tmp_path: Path) -> None:
    page = to_html(lay_out(hostile_report(tmp_path)))
    assert not re.search(r"<script|<b |<img|\x1b|\u202e", page)
    assert "&lt;script&gt;alert(1)&lt;/" in page
    assert {tag for tag, _ in Outline(page).tags} & {"script", "img", "b", "link", "iframe"} == set()


def test_text_that_no_encoding_has_can_be_written() -> None:
    damaged = Text("\ud800")
    page = to_html(Document("Report", "\ud800", damaged, [Section(2, "\ud800", [damaged, Bullets(["\ud800"])])]))
    assert page.encode().count(rb"\ud800") == 5


def test_the_page_asks_for_no_other_file(tmp_path: Path) -> None:
    tags = Outline(to_html(lay_out(hostile_report(tmp_path)))).tags
    named = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href", "style")]
    assert [value for value in named if not str(value).startswith("#")] == []
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


def test_headings_have_an_order_and_tables_name_their_rows_and_columns(tmp_path: Path) -> None:
    tags = Outline(to_html(lay_out(hostile_report(tmp_path)))).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert set(levels[1:]) == {2, 3}
    assert {attributes.get("scope") for tag, attributes in tags if tag == "th"} == {"col", "row"}
    assert [tag for tag, _ in tags].count("caption") == [tag for tag, _ in tags].count("table")


def test_the_report_needs_no_flask() -> None:
    script = "import sys, audit.__main__, audit.report_html; sys.exit('flask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """A page of the installed Chromium."""
    if CHROMIUM is None:
        pytest.skip("NOT TESTED: the report in a browser, because there is no Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone_and_dark_is_dark(tmp_path: Path, browser_page: Page) -> None:
    file = tmp_path / "report.html"
    file.write_text(to_html(lay_out(hostile_report(tmp_path))))
    browser_page.set_viewport_size({"width": 320, "height": 800})
    browser_page.goto(file.as_uri())
    assert browser_page.evaluate("document.documentElement.scrollWidth") == 320
    paper = "getComputedStyle(document.body).backgroundColor"
    light = browser_page.evaluate(paper)
    browser_page.emulate_media(color_scheme="dark")
    assert browser_page.evaluate(paper) != light
