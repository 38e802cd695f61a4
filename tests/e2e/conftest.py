"""What the end-to-end tests share: a published model, the service over two versions, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import publish
from tests.e2e.server import Server, serving

pytest.register_assert_rewrite("tests.e2e.load")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder as slow."""
    item.add_marker(pytest.mark.slow)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a models folder with one version."""
    publish(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run four workers over two equal versions, for all tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    for _ in range(2):
        publish(folder / "models")
    with serving(folder / "models") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run the installed Chromium, for all tests of a module: Playwright allows one at a time."""
    if CHROMIUM is None:
        reason = "NOT TESTED: what a browser does, because there is no Chromium (Debian: apt install chromium)"
        assert not os.environ.get("REQUIRE_BROWSER"), reason
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
