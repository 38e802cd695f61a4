"""The monitor's page in a real browser: light and dark, on a desk and on a phone, refreshed in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.server import Server
from tests.monitor.report.example import Json, example, hostile, of_verdict


@pytest.fixture(scope="module")
def reports(server: Server) -> Path:
    """The folder where the service looks for reports."""
    folder = server.logs / "boston" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=[("light", 1200), ("dark", 390)], ids=["light desk", "dark phone"])
def page(browser: Browser, server: Server, reports: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    scheme, width = request.param
    for file in reports.iterdir():
        file.unlink()
    with open_page(browser, server, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        yield page


def write(reports: Path, report: Json, name: str = "report-2026-11-25.json") -> None:
    temporary = reports / "new"
    temporary.write_text(json.dumps(report))
    temporary.replace(reports / name)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(
    "report",
    [example(), hostile("x" * 300), of_verdict("cannot_judge")],
    ids=["all members", "long words", "cannot judge"],
)
def test_each_chart_is_drawn_and_the_page_never_scrolls_sideways(page: Page, reports: Path, report: Json) -> None:
    write(reports, report)
    page.goto("/monitor")
    expect(page.locator("#live section.note h2").first).to_have_text(report["headline"])
    assert fits(page)
    for details in page.locator("details").all():
        details.evaluate("item => item.open = true")
    assert fits(page)
    for chart in page.locator("figure svg, td.fig svg:visible").all():
        box = chart.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 20


def test_a_newer_report_comes_into_the_page_and_what_was_opened_stays_open(page: Page, reports: Path) -> None:
    write(reports, of_verdict("calm"))
    page.clock.install()
    page.goto("/monitor")
    headline = page.locator("#live section.note h2").first
    expect(headline).to_contain_text("Calm")
    page.locator("summary", has_text="All numbers of the columns").click()
    write(reports, of_verdict("drift"))
    page.clock.run_for(31_000)
    expect(headline).to_contain_text("Drift: Rooms")
    expect(page.locator("details", has_text="All numbers of the columns")).to_have_attribute("open", "")
    expect(page.locator("#refreshed")).to_contain_text("Looked for a newer report at")


def test_without_a_report_the_page_says_so_and_finds_the_first_one(page: Page, reports: Path) -> None:
    page.clock.install()
    page.goto("/monitor")
    expect(page.locator("h2")).to_have_text("There is no report yet")
    write(reports, of_verdict("accuracy"))
    page.clock.run_for(31_000)
    expect(page.locator("#live section.note h2").first).to_contain_text("Worse accuracy")


def test_the_file_of_a_day_has_its_style_under_its_policy(page: Page, reports: Path, server: Server) -> None:
    from monitor.report.render import to_html

    write(reports, example())
    (reports / "report-2026-11-25.html").write_text(to_html(example()))
    page.goto("/monitor")
    page.get_by_role("link", name="As one HTML file").click()
    expect(page.locator("h1")).to_have_text("Median value of homes: monitor report")
    assert page.evaluate("getComputedStyle(document.querySelector('.note')).borderLeftWidth") == "4px"
    assert fits(page)
