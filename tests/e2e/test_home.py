"""The home page against a real server: its snippets work as they stand, and it keeps itself up to date."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.http.tokens import new_token
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, serving, wait_until

PREDICTION = "23.505"
# Says that the tab is hidden as long as a test wants it to be.
HIDDEN = "Object.defineProperty(document, 'hidden', {get: () => window.inBackground === true})"


@pytest.fixture
def quiet(models: Path) -> Iterator[Server]:
    """Run one worker that nobody else asks."""
    with serving(models, workers=1) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with open_page(browser, server, viewport={"width": 1280, "height": 800}) as page:
        yield page


def snippet(page: Page, language: str) -> str:
    code = page.locator(f"details:has(summary:text-is('{language}')) code").text_content()
    assert code
    return code


def run_in_page(page: Page, code: str) -> object:
    """Run code in a page, and return what it printed."""
    return page.evaluate(
        f"async () => {{ let printed; const console = {{log: (it) => printed = it}}; {code}\nreturn printed; }}"
    )


def check_snippets(page: Page, token: str = "TOKEN") -> None:
    """Each snippet prints the prediction of the example, or the reply that has it."""
    page.goto("/")
    curl, python, javascript = (
        snippet(page, language).replace("TOKEN", token) for language in ("curl", "Python", "JavaScript")
    )
    if shutil.which("curl") is None:
        pytest.skip("NOT TESTED: the command for curl, because there is no curl")
    for command in (["bash", "-c", curl], [sys.executable, "-c", python]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert PREDICTION in done.stdout, done.stderr
    assert run_in_page(page, javascript) == float(PREDICTION)


def test_the_snippets_work_as_they_stand(page: Page, server: Server) -> None:
    before = len(server.rows("predictions"))
    check_snippets(page)
    assert len(server.rows("predictions")) == before + 3


def test_where_a_token_is_needed_the_snippets_work_with_a_token_in_its_place(
    browser: Browser, models: Path, tmp_path: Path
) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(line)
    tokens = {"SERVE_TOKENS": str(tmp_path / "tokens")}
    with serving(models, workers=1, **tokens) as server, open_page(browser, server) as page:
        check_snippets(page, token)


def test_what_happens_comes_into_the_page(browser: Browser, quiet: Server) -> None:
    with open_page(browser, quiet) as page:
        page.clock.install()
        page.goto("/")
        lately = page.locator("#lately")
        expect(lately).to_contain_text("none yesterday and today")
        page.locator("summary", has_text="Python").click()
        quiet.ask()
        quiet.ask(b"[6, 250, 6666]")

        def looks() -> bool:
            page.clock.run_for(5_000)
            return "Last prediction 23.5" in re.sub(r"\s+", " ", lately.inner_text())

        wait_until(looks, "the new prediction")
        expect(lately).to_contain_text("mostly age outside its limits")
        expect(page.locator("#refreshed")).to_contain_text("Looked again at")
        expect(page.locator("details", has_text="Python")).to_have_attribute("open", "")


def test_a_tab_in_the_background_asks_nothing_and_a_page_that_is_the_same_is_not_sent(
    browser: Browser, quiet: Server
) -> None:
    with open_page(browser, quiet) as page:
        page.add_init_script(HIDDEN)
        page.clock.install()
        page.goto("/")
        statuses: list[int] = []
        page.on("response", lambda reply: statuses.append(reply.status) if reply.url == f"{quiet.url}/" else None)
        for _ in range(3):
            with page.expect_response("**/"):
                page.clock.run_for(5_000)
        assert statuses[:3] == [200, 304, 304]
        page.evaluate("window.inBackground = true")
        settle = "fetch('/health/live').then((reply) => reply.text())"  # what was asked before is there before this
        page.evaluate(settle)
        before = len(statuses)
        page.clock.run_for(60_000)
        page.evaluate(settle)
        assert len(statuses) == before
        with page.expect_response("**/"):
            page.evaluate("window.inBackground = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_a_service_that_does_not_answer_is_told_and_the_page_stays(browser: Browser, server: Server) -> None:
    with open_page(browser, server, refusals=True) as page:
        page.clock.install()
        page.goto("/")
        page.route("**/", lambda route: route.fulfill(status=429))
        page.clock.run_for(5_000)
        expect(page.locator("#refreshed")).to_have_text(
            "The service did not answer (status 429); this is what it last said."
        )
        expect(page.locator("#lately dl")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("script", [True, False])
def test_home_and_a_request_fit_a_phone_with_and_without_a_script(
    browser: Browser, server: Server, width: int, script: bool
) -> None:
    server.ask(b"[[6, 250, 66.5], [6, 800, 66.5]]", X_Request_ID="phone")
    size = {"width": width, "height": 740}
    with open_page(browser, server, viewport=size, java_script_enabled=script) as page:
        for path, text in (("/", "Last "), ("/requests/phone", "tax lies outside the training range")):
            page.goto(path)
            expect(page.locator("main")).to_contain_text(text)
            if script:
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                cut = "[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > box.clientWidth).length"
                assert page.evaluate(cut) == 0
