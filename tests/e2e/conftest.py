"""What the end-to-end tests share: a published model, the service over two versions, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import publish
from tests.e2e.server import SERVERS, Server, served_by, serving

pytest.register_assert_rewrite("tests.e2e.load")

# To a browser, http://localhost is as safe as HTTPS; a name that leads here is not.
NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder as slow."""
    item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def software(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let one server, of those that a test is parametrized with, serve all that it starts."""
    with served_by(getattr(request, "param", SERVERS[0])) as name:
        yield name


@pytest.fixture(autouse=True)
def _first_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let gunicorn serve a test that does not ask for another, also after one of its module that did."""
    with served_by(SERVERS[0]) if "software" not in request.fixturenames else nullcontext():
        yield


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a models folder with one version."""
    publish(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture(scope="module")
def server(software: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run four workers over two equal versions, for all tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    for _ in range(2):
        publish(folder / "models")
    with serving(folder / "models") as server:
        yield server


@contextmanager
def open_page(
    browser: Browser, server: Server, *, refusals: bool = False, status: int = 0, **options: Any
) -> Iterator[Page]:
    """Open a page of the service; check at the end that nothing broke its policy, and no other host was asked.

    With ``refusals`` the console may tell of replies with a status of 4xx; with ``status``, of those with this one.
    """
    context = browser.new_context(base_url=server.url, **options)
    page = context.new_page()
    messages: list[str] = []
    urls: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    yield page
    refusal = f"Failed to load resource: the server responded with a status of {status or 4}"
    assert [text for text in messages if not ((refusals or status) and text.startswith(refusal))] == []
    assert all(url.startswith((server.url, "data:")) for url in urls)
    context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run the installed Chromium, for all tests of a module: Playwright allows one at a time."""
    if CHROMIUM is None:
        reason = "NOT TESTED: what a browser does, because there is no Chromium (Debian: apt install chromium)"
        assert not os.environ.get("REQUIRE_BROWSER"), reason
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, NAMES])
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def script(request: pytest.FixtureRequest) -> bool:
    """Have the browser run scripts, or not."""
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, server: Server, script: bool) -> Iterator[Page]:
    """Open a page on a phone."""
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "java_script_enabled": script}
    with open_page(browser, server, refusals=True, **phone) as page:
        yield page
