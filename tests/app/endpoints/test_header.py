"""What every page says above its content: who answers, and whether the service is ready. And the style of all pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.http.tokens import new_token
from registry import VersionStore
from registry.promotion import promote
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, RAISES, FullDisk, ask, make_champion
from tests.conftest import TRICKY, publish

STATIC = Path(__file__).parents[3] / "app" / "static"
TOKEN, LINE = new_token("ann")


def header(client: Service, path: str = "/docs", **headers: str) -> str:
    """Return the words of a page's header, without the menu."""
    page = client.get(path, headers={"Accept": "text/html", **headers}).text
    top = page.partition("</header>")[0].partition('<header class="bar">')[2]
    return " ".join(re.sub(r"<nav.*?</nav>|<[^>]+>", " ", top, flags=re.DOTALL).split())


def test_the_header_names_the_version_that_answers_from_then_on(store: VersionStore, client: Service) -> None:
    assert header(client) == "boston version 1 ready"
    make_champion(store, 2)
    assert header(client) == "boston version 2 ready"
    assert header(client, "/nowhere") == "boston version 2 ready"


def test_the_header_says_why_nothing_is_predicted(empty_service: Service, make_client: MakeClient) -> None:
    assert header(empty_service).startswith("boston not ready No predictions now: no model is ready")
    full = make_client(write=FullDisk("requests"))
    assert header(full).startswith("boston version 1 not ready No predictions now: ")
    assert "No space left on device" in header(full)


def test_the_header_says_that_the_champion_fails(store: VersionStore, make_client: MakeClient) -> None:
    number = publish(store.folder.parent, model_file=TRICKY)
    make_champion(store, number)
    promote(store, 1, "fallback", ANN)
    client = make_client()
    while "failing" not in client.get("/health/ready").json:
        assert ask(client, RAISES).status_code == 200
    assert header(client).startswith(f"boston version {number} failing Version {number} fails, so it gets no requests")


def test_who_may_not_see_pages_is_told_nothing_of_the_model(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(LINE)
    client = make_client(page_tokens=str(tmp_path / "tokens"))
    assert header(client) == "Model service ready"
    assert "boston" not in client.get("/", headers={"Accept": "text/html"}).text
    assert header(client, Authorization=f"Bearer {TOKEN}") == "boston version 1 ready"


def test_a_header_that_cannot_be_made_keeps_no_page_from_being_drawn(
    client: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no thread is left")

    monkeypatch.setattr("app.endpoints.data_plane.DataPlane.check", fail)
    assert header(client) == "Model service not ready No predictions now: the error log says why"
    assert "no thread is left" in caplog.text


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Home"),
        ("/form", "Form"),
        ("/models/boston/1", "Model"),
        ("/models/boston/2", "Versions"),
        ("/models", "Versions"),
        ("/monitor", "Monitor"),
        ("/form_csv", "Upload"),
        ("/docs", "API"),
    ],
)
def test_the_menu_marks_the_page_that_is_shown(store: VersionStore, client: Service, path: str, title: str) -> None:
    assert max(store.versions()) == 2
    assert re.findall(r'aria-current="page">(\w+)<', client.get(path).text) == [title]


def test_a_page_takes_two_requests_and_its_scripts_wait(service: Service) -> None:
    for path in ("/", "/form", "/form_csv", "/models", "/models/boston/1", "/monitor"):
        page = service.get(path).text
        assert re.findall(r'<link rel="stylesheet" href="([^"]+)"', page) == ["/static/style.css"]
        # A module waits without being told to.
        assert all(re.search(r' (defer|type="module")', script) for script in re.findall(r"<script[^>]*>", page))


def test_the_style_of_every_page_is_one_small_file() -> None:
    assert {file.name for file in STATIC.glob("*.css")} == {"style.css", "docs.css"}
    style = (STATIC / "style.css").read_text()
    assert len(style.encode()) < 15_000
    rules = style.partition("*, ::before")[2]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rules) == []  # colours are tokens
    assert "url(" not in style
    for mode in ("prefers-color-scheme: dark", "forced-colors: active", "prefers-reduced-motion", "print"):
        assert f"@media ({mode}" in style or f"@media {mode}" in style


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


TEXT = [(name, ground) for name in ("ink", "quiet", "accent") for ground in ("paper", "card")]
TEXT += [(name, f"{name}-tint") for name in ("good", "warn", "bad")] + [("on-accent", "accent"), ("ink", "tint")]
TEXT += [("ink", f"{name}-tint") for name in ("good", "warn", "bad")] + [("bad", "card"), ("warn", "card")]
TEXT += [("accent", f"{name}-tint") for name in ("good", "warn", "bad")] + [("quiet", "tint"), ("accent", "tint")]
LINES = [(name, "card") for name in ("field", "data", "up", "down", "mark")] + [("field", "paper"), ("data", "band")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_has_the_contrast_that_wcag_asks_for(scheme: str) -> None:
    light, dark = (STATIC / "style.css").read_text().split("@media (prefers-color-scheme: dark)", 1)
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", light))
    if scheme == "dark":
        own = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", dark))
        assert own.keys() == tokens.keys()
        tokens = own
    for least, pairs in ((4.5, TEXT), (3, LINES)):
        for name, ground in pairs:
            low, high = sorted((_luminance(tokens[name]), _luminance(tokens[ground])))
            assert (high + 0.05) / (low + 0.05) >= least, (name, ground)
