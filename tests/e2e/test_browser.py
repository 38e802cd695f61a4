"""The pages in a real browser: with and without JavaScript, on a phone, under the pages' own policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.server import Server


def upload(page: Page, file: Path) -> None:
    page.goto("/form_csv")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Predict").click()


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
    expect(page.locator(".lead")).to_contain_text("rm: the column is missing")


@pytest.mark.parametrize("path", ["/", "/form", "/form_async", "/form_csv", "/models/boston/1", "/nowhere"])
def test_a_page_fits_a_phone(page: Page, path: str, script: bool) -> None:
    page.goto(path)
    if script:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator("h1")).to_be_in_viewport()
