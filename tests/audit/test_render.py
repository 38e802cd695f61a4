"""The report as its readers see it: Markdown, and an HTML page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import mistune
import pytest
from playwright.sync_api import Browser

from audit.render import to_html, to_markdown
from audit.report import build_report
from registry import Actor, VersionStore
from registry.promotion import canary, promote
from tests.conftest import HOUSES, WORSE, publish
from tests.registry.conftest import ANN

# Text that tries to become markup, to end its line, to move a cursor and to turn the direction of writing.
HOSTILE = '<script>alert(1)</script> | a\nb `c` *d* [e](javascript:f) <b title="g">\x1b[2J\u202e &amp; _h_'


def report(models: Path) -> dict[str, Any]:
    return build_report(models, models / "logs", datetime(2026, 11, 25, 12, tzinfo=UTC))


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, Any]:
    """The report of a model whose title, card, aliases, history and faults are hostile text."""
    gate = {"name": HOSTILE + "\ud800", "limit": 1, "value": 2, "passed": False}
    publish(tmp_path, replace(HOUSES, title=HOSTILE), by=HOSTILE, gates=[gate])
    aliases = {"champion": 1, HOSTILE: 1, HOSTILE * 2: 2}  # there is no version 2
    store = VersionStore(tmp_path, "boston")
    store.aliases.change("canary", aliases, Actor(HOSTILE, HOSTILE), version=1, share=0.05)
    return report(tmp_path)


@pytest.fixture
def elements(hostile: dict[str, Any]) -> list[ET.Element]:
    """The elements of the hostile report's page, read as XML: a tag that is not closed is an error."""
    page = to_html(hostile).removeprefix("<!doctype html>")
    return list(ET.fromstring(re.sub("<((meta|wbr)[^>]*)>", r"<\1/>", page)).iter())


def test_a_promotion_against_a_gate_is_marked(tmp_path: Path) -> None:
    publish(tmp_path)
    promote(VersionStore(tmp_path, "boston"), publish(tmp_path, model_file=WORSE), "champion", ANN, override=True)
    text = to_markdown(report(tmp_path))
    assert "promote to champion overriding a gate | ann | looks good |" in text
    assert "| test_vs_champion | **failed** | RMSE 10" in text
    assert "No fault was found." in text


def test_a_canary_has_its_share_and_what_the_card_does_not_say_is_said(tmp_path: Path) -> None:
    publish(tmp_path)
    canary(VersionStore(tmp_path, "boston"), publish(tmp_path), 0.05, ANN)
    text = to_markdown(report(tmp_path))
    assert "| canary | version 2, 5 % of the requests |" in text
    assert "| now | canary by ann: looks good |" in text
    assert "| Data | the card does not say |" in text


def test_aliases_of_a_changed_history_come_with_a_warning(tmp_path: Path) -> None:
    publish(tmp_path)
    warning = "These periods rest on the lines that can still be read, and may be wrong."
    assert warning not in to_markdown(report(tmp_path))
    (tmp_path / "boston" / "history.head").unlink()
    text = to_markdown(report(tmp_path))
    assert warning in text
    assert "**1 fault**" in text


def test_text_of_others_can_not_become_markdown(hostile: dict[str, Any]) -> None:
    text = to_markdown(hostile)
    assert not re.search(r"<|\x1b|\u202e", text)
    page = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(text)
    assert isinstance(page, str)
    allowed = "h1 h2 h3 p ul li strong code table thead tbody tr th td"
    assert set(re.findall(r"<(\w+)", page)) <= set(allowed.split())
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | a\\nb `c` *d* [e](javascript:f)" in page
    assert r"\x1b[2J\u202e &amp;amp; _h_" in page
    assert rb"\\ud800" in text.encode()


def test_every_row_of_a_table_has_as_many_cells_as_its_head(hostile: dict[str, Any]) -> None:
    widths: list[int] = []
    for line in to_markdown(hostile).splitlines():
        widths = [*widths, len(re.findall(r"(?<!\\)\|", line))] if line.startswith("|") else []
        assert len(set(widths)) <= 1, line


def test_text_of_others_can_not_become_html(hostile: dict[str, Any], elements: list[ET.Element]) -> None:
    page = to_html(hostile)
    assert not re.search(r"<script|<b |<img|\x1b|\u202e", page)
    assert "&lt;script&gt;alert(1)&lt;/" in page
    assert {element.tag for element in elements} & {"script", "img", "b", "link", "iframe"} == set()
    assert rb"\ud800" in page.encode()


def test_the_page_asks_for_no_other_file(elements: list[ET.Element]) -> None:
    attributes = [attribute for element in elements for attribute in element.items()]
    named = [value for name, value in attributes if name in ("src", "href", "style")]
    assert [value for value in named if not value.startswith("#")] == []
    assert not any(name.startswith("on") for name, _ in attributes)


def test_headings_have_an_order_and_tables_name_their_rows_and_columns(elements: list[ET.Element]) -> None:
    tags = [element.tag for element in elements]
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert set(levels[1:]) == {2, 3}
    assert {element.get("scope") for element in elements if element.tag == "th"} == {"col", "row"}
    assert tags.count("caption") == tags.count("table")


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone_and_dark_is_dark(
    hostile: dict[str, Any], tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "report.html"
    file.write_text(to_html(hostile))
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light
