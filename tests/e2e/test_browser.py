"""The pages in a real browser: with and without JavaScript, on a phone, under the pages' own policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.server import Server


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, server: Server, script: bool) -> Iterator[Page]:
    """Open a page on a phone."""
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "java_script_enabled": script}
    with open_page(browser, server, refusals=True, **phone) as page:
        yield page


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="Predict").click()


def upload(page: Page, file: Path) -> None:
    page.goto("/form_csv")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Predict").click()


@pytest.mark.parametrize("path", ["/form", "/form_async"])
def test_the_form_is_answered_and_keeps_what_was_typed(page: Page, server: Server, path: str, script: bool) -> None:
    page.goto(path)
    before = len(server.rows("predictions"))
    fill(page, rm="6", tax="800", age="66.5")
    expect(page.locator("#result strong")).to_have_text("18.005")
    expect(page.locator("#result .warning")).to_have_text("tax: 800 lies outside the training range 187-711")
    expect(page.locator("#age")).to_have_value("66.5")
    assert page.url.endswith("/form_async" if script and path == "/form_async" else "/predict_form")
    assert len(server.rows("predictions")) == before + 1


@pytest.mark.parametrize("path", ["/form", "/form_async"])
def test_each_message_stands_at_its_field_and_goes_when_it_is_corrected(page: Page, path: str) -> None:
    page.goto(path)
    fill(page, rm="six", tax="250", age="")
    expect(page.locator("#problem-rm")).to_have_text('expected a number, not the text "six"')
    expect(page.locator("#problem-age")).to_have_text("is missing")
    expect(page.locator("#problem-tax")).to_be_hidden()
    expect(page.locator("#result")).to_contain_text("No prediction")
    expect(page.locator("#rm")).to_have_value("six")
    expect(page.locator("[aria-invalid]")).to_have_count(2)
    fill(page, rm="6", age="66.5")
    expect(page.locator("#result strong")).to_have_text("23.505")
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_a_file_that_is_uploaded_comes_back_as_a_download(page: Page, server: Server, tmp_path: Path) -> None:
    homes = tmp_path / "homes.csv"
    homes.write_text("town,rooms,tax,age\nLynn,6,250,66.5\nNahant,7,300,10\n")
    with page.expect_download() as download:
        upload(page, homes)
    assert download.value.suggested_filename == "homes-predicted.csv"
    status, expected = server.request("POST", "/predict_csv", homes.read_bytes(), {"Content-Type": "text/csv"})
    assert (status, Path(download.value.path()).read_text()) == (200, expected)
    homes.write_text("town\nLynn\n")
    upload(page, homes)
    expect(page.locator(".problem")).to_contain_text("rm: the column is missing")


@pytest.mark.parametrize("path", ["/", "/form", "/form_async", "/form_csv", "/models/boston/1", "/nowhere"])
def test_a_page_fits_a_phone(page: Page, path: str, script: bool) -> None:
    page.goto(path)
    if script:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator("h1")).to_be_in_viewport()
