"""Every page, of two trained models in use: for eyes, for screen readers, on a phone, in the dark, without a mouse.

axe-core finds no violation, nothing scrolls sideways, no word is parted, no table is cut off, the console is silent and
no other host is asked.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from select import select

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.http.tokens import new_token
from tests.app.requests import NAN
from tests.conftest import TRICKY, publish
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, head, serving, wait_until
from tests.e2e.visit import use

MODELS = ("boston", "diabetes")
PAGES = ("home", "form", "answer", "beyond", "problem", "card", "versions", "compare", "monitor", "report", "browser",
         "upload", "docs", "trace", "error")  # fmt: skip
VIEWS = (("light", 1280), ("dark", 1280), ("dark", 390), ("light", 320))
# The report's file has no menu, and a policy of its own. Swagger UI's own markup has violations, which are not ours:
# lists without items, labels that are not tied, contrast of its badges.
WITHOUT_FRAME, FOREIGN = "report", "#swagger-ui"
FORM = 'multipart/form-data; boundary="b"'
UPLOAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{}\r\n--b--\r\n'

# What is wrong with what can be seen: words that are parted, tables that are cut off, a heading that skips a level.
LOOK = """() => {
  const faults = [], foreign = (node) => node.closest("code, pre, bdi, svg, [role=img], #swagger-ui, .mono");
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`scrolls to ${wide}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || foreign(node.parentElement) || !node.parentElement.checkVisibility()) continue;
    for (const word of node.data.matchAll(/(?<![\\p{L}\\p{N}])\\p{L}{3,}(?![\\p{L}\\p{N}])/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (tops.size > 1) faults.push(`parted: ${word[0]}`);
    }
  }
  for (const table of document.querySelectorAll("table")) {
    if (table.closest("#swagger-ui") || !table.checkVisibility()) continue;
    const right = table.getBoundingClientRect().right;
    if (right > innerWidth && !table.closest(".wide")) faults.push(`cut off: ${table.innerText.slice(0, 60)}`);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    if (heading.closest("#swagger-ui") || !heading.checkVisibility()) continue;
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`${heading.innerText} is ${heading.tagName} below level ${level}`);
    level = next;
  }
  if (document.querySelectorAll("h1:not(#swagger-ui *)").length !== 1) faults.push("not one h1");
  return faults;
}"""
CHECK = """async (foreign) => {
  const result = await axe.run({exclude: [[foreign]]}, {resultTypes: ["violations"], preload: false});
  const words = (node) => [...node.any, ...node.all, ...node.none].map((one) => one.message).join(", ");
  return result.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${words(node)}`));
}"""
CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


@dataclass
class Site:
    """A service in use, and the paths of its pages by their names."""

    server: Server
    paths: dict[str, str]


@pytest.fixture(scope="module", params=MODELS)
def site(
    request: pytest.FixtureRequest, published: Path, diabetes: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    assert "diabetes version 1, champion" in diabetes
    logs = tmp_path_factory.mktemp("visit") / "logs"
    with serving(published, logs, workers=1, SERVE_MODEL=request.param) as server:
        yield Site(server, use(server, request.param))


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core, as text; a page's policy does not hold for what is evaluated from outside."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def without(header: str) -> Callable[[Route], None]:
    """Return what hands a page on without one of its headers."""

    def fulfill(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, headers={key: text for key, text in reply.headers.items() if key != header})

    return fulfill


def load(page: Page, path: str) -> None:
    """Open a page, and wait until its scripts have done what they do at once."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    if path == "/docs":
        expect(page.locator("#swagger-ui .opblock").first).to_be_visible(timeout=30_000)


def check(page: Page, axe: str) -> None:
    """Check what is shown, in each view, with everything unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((item) => (item.open = true))")
    page.evaluate(axe)
    faults: dict[str, list[str]] = {}
    for scheme, width in VIEWS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of Playwright's words
        faults[f"{scheme} {width}"] = page.evaluate(LOOK) + page.evaluate(CHECK, FOREIGN)
    assert {view: found for view, found in faults.items() if found} == {}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_right_in_every_view(browser: Browser, site: Site, axe: str, name: str) -> None:
    with open_page(browser, site.server, refusals=name in ("problem", "error")) as page:
        if name == WITHOUT_FRAME:  # its policy forbids every script, axe-core's timers too
            page.route(site.server.url + site.paths[name], without("content-security-policy"))
        load(page, site.paths[name])
        check(page, axe)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_the_same_without_javascript(browser: Browser, site: Site, name: str) -> None:
    shown = []
    for script in (True, False):
        with open_page(browser, site.server, refusals=True, java_script_enabled=script) as page:
            load(page, site.paths[name]) if script else page.goto(site.paths[name])
            headings = page.locator(":is(h1, h2, h3):not(#swagger-ui *)")
            links = page.locator("main a[href]:not(#swagger-ui *, noscript *)")
            shown.append((headings.all_text_contents(), links.count(), page.locator("main form").count()))
            if not script and name == "docs":
                expect(page.locator("noscript p")).to_be_visible()
    assert shown[0] == shown[1]
    assert shown[1][0]


@pytest.mark.parametrize("name", [name for name in PAGES if name != WITHOUT_FRAME])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, site: Site, name: str) -> None:
    with open_page(browser, site.server, refusals=True) as page:
        load(page, site.paths[name])
        wanted = page.evaluate(
            """(controls) => {
              const all = [...document.querySelectorAll(controls)].filter((item) =>
                item.checkVisibility() && !item.disabled && item.tabIndex >= 0 && !item.closest("#swagger-ui"));
              const names = new Set();
              const ones = all.filter((item) => item.type !== "radio" || !names.has(item.name) && names.add(item.name));
              ones.forEach((item, index) => (item.dataset.wanted = index));
              return ones.map((item) => item.outerHTML.slice(0, 120));
            }""",
            CONTROLS,
        )
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        expect(page.locator(".skip")).to_be_in_viewport()
        reached: set[int] = set()
        hidden: list[str] = []
        for _ in range(3 * len(wanted) + 400):
            index, seen, html = page.evaluate(
                """() => {
                  const item = document.activeElement, style = getComputedStyle(item);
                  const first = `[data-wanted][name="${item.name}"]`;
                  const group = item.type === "radio" ? document.querySelector(first) : item;
                  const html = item.outerHTML.slice(0, 120), foreign = item.closest("#swagger-ui") !== null;
                  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                  return [Number(group.dataset.wanted ?? -1), seen || foreign, html];
                }"""
            )
            if index in reached or (reached and html.startswith("<body")):
                break
            reached |= {index} - {-1}
            if not seen:
                hidden.append(html)
            page.keyboard.press("Tab")
        assert [text for index, text in enumerate(wanted) if index not in reached] == []
        assert hidden == []
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_a_page_takes_two_requests(browser: Browser, site: Site) -> None:
    for name in ("home", "form", "answer", "card", "versions", "monitor", "upload", "error"):
        with open_page(browser, site.server, refusals=True, java_script_enabled=False) as page:
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(site.paths[name], wait_until="networkidle")
            assert [url.rpartition("/")[2] for url in asked[1:] if "icon" not in url] == ["style.css"]


def test_no_page_has_a_script_or_a_style_within_itself(browser: Browser, site: Site) -> None:
    with open_page(browser, site.server, refusals=True) as page:
        for path in site.paths.values():
            reply = page.goto(path)
            assert reply is not None
            assert path == site.paths[WITHOUT_FRAME] or "unsafe" not in reply.headers["content-security-policy"]
            found = re.findall(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\ssrc=)", reply.text())
            assert found == ([] if path != site.paths[WITHOUT_FRAME] else ["<style"]), path


@dataclass
class Fault:
    """How to meet a status: which service, which path, and what to send there; a GET without a body.

    Attributes:
        proxy: whether it comes through a proxy, so not from this machine.
    """

    server: str
    path: str
    body: str = ""
    media_type: str = FORM
    proxy: bool = False


FAULTS = {
    400: Fault("small", "/predict_csv", "--b--\r\n"),
    401: Fault("closed", "/"),
    403: Fault("small", "/requests/visit-1", proxy=True),
    404: Fault("small", "/models/boston/9"),
    405: Fault("small", "/predict_json"),
    413: Fault("small", "/predict_csv", UPLOAD.format("x" * 500_000)),
    415: Fault("small", "/predict_csv", "GIF", "image/gif"),
    422: Fault("small", "/predict_csv?strict=1", UPLOAD.format("rm,tax,age\r\n6,9999,1\r\nsix,1,2")),
    429: Fault("small", "/predict_csv", UPLOAD.format("rm,tax,age\r\n6,250,1")),
    500: Fault("failing", "/predict_csv?strict=1", UPLOAD.format("rm,tax,age\r\n" + ",".join(map(str, NAN)))),
    503: Fault("empty", "/form"),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Services that fail, each in its own way."""
    folder = tmp_path_factory.mktemp("services")
    for name in ("small", "failing", "closed"):
        publish(folder / name / "models", model_file=TRICKY) if name == "failing" else publish(folder / name / "models")
    (folder / "empty").mkdir()
    _, line = new_token("ann")
    (folder / "tokens").write_text(line)
    settings = {
        "small": {"SERVE_MAX_UPLOAD": "400000", "SERVE_THREADS": "2", "SERVE_REQUEST_TIMEOUT": "600"},
        "closed": {"SERVE_PAGE_TOKENS": str(folder / "tokens")},
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                serving(folder / name / "models", workers=1, wait=name != "empty", **settings.get(name, {}))
            )
            for name in ("small", "failing", "closed", "empty")
        }


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """Keep a service busy with a file that does not arrive whole."""
    sent, headers = b"rm,tax,age\n6,250,1\n", {"Content-Type": "text/csv"}

    def begin() -> socket.socket | None:
        """Begin to send; return None if one of the other files was faster, so that this one is refused."""
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(head("/predict_csv", Content_Type="text/csv", Content_Length=200_000) + b"rm,tax,age\r\n")
        while not select([connection], [], [], 0)[0]:
            status = server.request("POST", "/predict_csv", sent, headers)[0]
            if status == 429 and not select([connection], [], [], 0.5)[0]:
                return connection
        connection.close()
        return None

    with wait_until(begin, "429"):
        yield


@pytest.mark.parametrize("status", FAULTS)
def test_the_page_of_each_error_is_right_in_every_view(
    browser: Browser, services: dict[str, Server], axe: str, status: int
) -> None:
    fault = FAULTS[status]
    server = services[fault.server]
    if status == 503:
        wait_until(lambda: server.status("/health/live") == 200, "a service without a model")

    def send(route: Route) -> None:
        headers = {**route.request.headers, **({"X-Forwarded-For": "192.0.2.7"} if fault.proxy else {})}
        if fault.body:
            headers["Content-Type"] = fault.media_type
            route.continue_(method="POST", headers=headers, post_data=fault.body.encode())
        elif status == 401:  # Chromium would ask for a password
            without("www-authenticate")(route)
        else:
            route.continue_(headers=headers)

    with busy(server) if status == 429 else nullcontext(), open_page(browser, server, status=status) as page:
        page.route(f"{server.url}{fault.path}", send)
        reply = page.goto(fault.path)
        assert reply is not None
        assert reply.status == status
        expect(page.locator("h1 .pill")).to_have_text(str(status))
        check(page, axe)
