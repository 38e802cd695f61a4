"""The form of a model with a column of dates, in a real browser: one field for the date, asked for when it is whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cards import card_of
from tests.conftest import publish
from tests.dated import OPEN_SALES, SOLD
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, serving
from tests.e2e.test_pages import axe, check, load  # noqa: F401 - axe is a fixture


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service over a model of which a date may be missing."""
    models = tmp_path_factory.mktemp("sales") / "models"
    publish(models, OPEN_SALES, card=card_of(OPEN_SALES))
    with serving(models, workers=1, SERVE_MODEL="sales") as server:
        yield server


@pytest.fixture
def page(browser: Browser, sales: Server, script: bool) -> Iterator[Page]:
    with open_page(browser, sales, refusals=True, java_script_enabled=script) as page:
        page.goto("/form")
        yield page


def days_of(server: Server) -> list[str]:
    return [row["sold_days"] for row in server.rows("predictions")]


def test_a_date_is_typed_once_and_its_parts_are_in_the_log(page: Page, sales: Server) -> None:
    before = len(days_of(sales))
    page.get_by_label("Rooms").fill("4")
    page.get_by_label(SOLD).fill("2012-06-19")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#value .answer")).to_be_visible()
    expect(page.get_by_label(SOLD)).to_have_value("2012-06-19")
    expect(page).to_have_url(f"{sales.url}/form?rooms=4&Sold+on=2012-06-19")
    assert days_of(sales)[before:] == ["15510.0"]


def test_a_date_outside_the_limits_is_told_at_its_field_and_one_that_is_unknown_is_left_empty(page: Page) -> None:
    page.get_by_label("Rooms").fill("4")
    page.get_by_label(SOLD).fill("2045-01-01")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#problem-sold_year")).to_have_text("the year 2045 lies outside the limits 1990 to 2040")
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    page.get_by_label(SOLD).fill("")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#notices li").first).to_have_text(f"{SOLD}: is missing: the year 2012 was taken instead")
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_while_a_date_is_typed_nothing_is_asked_until_it_is_left(browser: Browser, sales: Server) -> None:
    with open_page(browser, sales) as page:
        page.goto("/form?rooms=4&Sold+on=2012-06-19")
        before = len(days_of(sales))
        page.get_by_label(SOLD).focus()
        for key in "06192013":  # Chromium's field begins with the month where the language is English
            page.keyboard.type(key)
        expect(page.get_by_label(SOLD)).to_have_value("2013-06-19")
        page.locator("#in-rooms").focus()
        expect(page).to_have_url(f"{sales.url}/form?rooms=4&Sold+on=2013-06-19")
        assert days_of(sales)[before:] == ["15875.0"]


def test_a_date_that_is_typed_in_part_is_not_taken_for_one_that_is_unknown(browser: Browser, sales: Server) -> None:
    with open_page(browser, sales) as page:
        page.goto("/form?rooms=4&Sold+on=2012-06-19")
        before, address = len(days_of(sales)), page.url
        page.get_by_label(SOLD).fill("")
        page.get_by_label(SOLD).focus()
        page.keyboard.type("06")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Predict").click()
        expect(page.get_by_label(SOLD)).to_be_focused()
        page.locator("#in-rooms").fill("5")
        page.get_by_label(SOLD).focus()
        expect(page).to_have_url(address)
        page.get_by_label(SOLD).fill("2013-06-19")
        page.get_by_role("button", name="Predict").click()
        expect(page).to_have_url(f"{sales.url}/form?rooms=5&Sold+on=2013-06-19")
        assert days_of(sales)[before:] == ["15875.0"]


@pytest.mark.parametrize(
    "path",
    [
        "/form",
        "/form?rooms=4&Sold+on=2030-06-19",
        "/form?rooms=4&Sold+on=soon",
        "/form?rooms=4&sold_year=2012&sold_days=15510",
        "/browser",
    ],
)
def test_a_page_is_right_in_every_view(browser: Browser, sales: Server, axe: str, path: str) -> None:  # noqa: F811 - the fixture
    with open_page(browser, sales, refusals=True) as page:
        load(page, path)
        check(page, axe)
