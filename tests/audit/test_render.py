"""The report as its readers see it: Markdown, and an HTML page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import mistune
import pytest
from playwright.sync_api import Page, sync_playwright

from audit.render import to_html, to_markdown
from audit.report import build_report
from registry import VersionStore
from registry.promotion import canary, promote
from tests.audit.helpers import ANN, hostile_report
from tests.conftest import WORSE, publish

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


def markdown(models: Path) -> str:
    return to_markdown(build_report(models, models / "logs", datetime(2026, 11, 25, 12, tzinfo=UTC)))


def test_a_promotion_against_a_gate_is_marked(tmp_path: Path) -> None:
    publish(tmp_path)
    promote(VersionStore(tmp_path, "boston"), publish(tmp_path, model_file=WORSE), "champion", ANN, override=True)
    text = markdown(tmp_path)
    assert "promote to champion overriding a gate | ann | looks good |" in text
    assert "| test_vs_champion | **failed** | RMSE 10" in text
    assert "No fault was found." in text


def test_a_canary_has_its_share_and_what_the_card_does_not_say_is_said(tmp_path: Path) -> None:
    publish(tmp_path)
    canary(VersionStore(tmp_path, "boston"), publish(tmp_path), 0.05, ANN)
    text = markdown(tmp_path)
    assert "| canary | version 2, 5 % of the requests |" in text
    assert "| now | canary by ann: looks good |" in text
    assert "| Data | the card does not say |" in text


def test_aliases_of_a_changed_history_come_with_a_warning(tmp_path: Path) -> None:
    publish(tmp_path)
    warning = "These periods rest on the lines that can still be read, and may be wrong."
    assert warning not in markdown(tmp_path)
    (tmp_path / "boston" / "history.head").unlink()
    text = markdown(tmp_path)
    assert warning in text
    assert "**1 fault**" in text


def test_text_of_others_can_not_become_markdown(tmp_path: Path) -> None:
    text = to_markdown(hostile_report(tmp_path))
    assert not re.search(r"<|\x1b|\u202e", text)
    page = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(text)
    assert isinstance(page, str)
    allowed = "h1 h2 h3 p ul li strong code table thead tbody tr th td"
    assert set(re.findall(r"<(\w+)", page)) <= set(allowed.split())
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | a\\nb `c` *d* [e](javascript:f)" in page
    assert r"\x1b[2J\u202e &amp;amp; _h_" in page
    assert rb"\\ud800" in text.encode()


def test_every_row_of_a_table_has_as_many_cells_as_its_head(tmp_path: Path) -> None:
    widths: list[int] = []
    for line in to_markdown(hostile_report(tmp_path)).splitlines():
        widths = [*widths, len(re.findall(r"(?<!\\)\|", line))] if line.startswith("|") else []
        assert len(set(widths)) <= 1, line


def test_text_of_others_can_not_become_html(tmp_path: Path) -> None:
    page = to_html(hostile_report(tmp_path))
    assert not re.search(r"<script|<b |<img|\x1b|\u202e", page)
    assert "&lt;script&gt;alert(1)&lt;/" in page
    assert {tag for tag, _ in Outline(page).tags} & {"script", "img", "b", "link", "iframe"} == set()
    assert rb"\ud800" in page.encode()


def test_the_page_asks_for_no_other_file(tmp_path: Path) -> None:
    tags = Outline(to_html(hostile_report(tmp_path))).tags
    named = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href", "style")]
    assert [value for value in named if not str(value).startswith("#")] == []
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


def test_headings_have_an_order_and_tables_name_their_rows_and_columns(tmp_path: Path) -> None:
    tags = Outline(to_html(hostile_report(tmp_path))).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert set(levels[1:]) == {2, 3}
    assert {attributes.get("scope") for tag, attributes in tags if tag == "th"} == {"col", "row"}
    assert [tag for tag, _ in tags].count("caption") == [tag for tag, _ in tags].count("table")


def test_the_report_needs_no_flask() -> None:
    script = "import sys, audit.__main__, audit.render, audit.report; sys.exit('flask' in sys.modules)"
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
    file.write_text(to_html(hostile_report(tmp_path)))
    browser_page.set_viewport_size({"width": 320, "height": 800})
    browser_page.goto(file.as_uri())
    assert browser_page.evaluate("document.documentElement.scrollWidth") == 320
    paper = "getComputedStyle(document.body).backgroundColor"
    light = browser_page.evaluate(paper)
    browser_page.emulate_media(color_scheme="dark")
    assert browser_page.evaluate(paper) != light
