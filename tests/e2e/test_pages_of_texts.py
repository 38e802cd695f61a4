"""Pages of models that take texts and values that may be missing, and of one with many and with odd texts.

They are right for eyes, for screen readers, on a phone and in the dark, with a script and without one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.app.endpoints.conftest import ODD_TEXTS, SURE_FLATS, many_levels
from tests.cards import card_of
from tests.conftest import publish
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, serving
from tests.e2e.test_pages import axe, check, load  # noqa: F401 - axe is a fixture

PATHS = {
    "flats": {
        "form": {},
        "answer": {"rooms": "4", "district": "Höchst", "balcony": "with"},
        "missing": {"rooms": "", "district": "Bronx", "balcony": ""},
        "problem": {"rooms": "six", "district": "", "balcony": "maybe"},
    },
    "odd": {
        "form": {},
        "answer": {"rooms": "4", "zip": "95608", "action": ODD_TEXTS[1]},
        "long": {"rooms": "4", "zip": "", "action": ODD_TEXTS[2]},
        "problem": {"rooms": "4", "zip": "1", "action": ""},
    },
}
MORE = {"home": "/", "card": "/models/{}/1", "compare": "/models/compare", "trace": "/requests/text-1",
        "browser": "/browser", "upload": "/form_csv"}  # fmt: skip


@pytest.fixture(scope="module", params=PATHS)
def texts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service over two versions of a model with texts, of which something was asked."""
    signature = {"flats": SURE_FLATS, "odd": many_levels(68, other=0)}[request.param]
    folder = tmp_path_factory.mktemp("texts")
    for _ in range(2):
        card = {**card_of(signature, data="0d" * 32), "commit": "0c" * 20}  # as a hash looks: no long word
        publish(folder / "models", signature, card=card)
    with serving(folder / "models", workers=1, SERVE_MODEL=request.param) as server:
        row = json.dumps({**PATHS[request.param]["answer"], "rooms": None}).encode()
        assert server.ask(row, "/predict_json?explain=1", X_Request_ID="text-1")[0] == 200
        yield server


def model_of(server: Server) -> str:
    return next(server.models.iterdir()).name


@pytest.mark.parametrize("name", ["form", "answer", "missing", "long", "problem", *MORE])
def test_a_page_is_right_in_every_view(browser: Browser, texts: Server, axe: str, name: str) -> None:  # noqa: F811 - the fixture
    model = model_of(texts)
    query = PATHS[model].get(name)
    path = MORE[name].format(model) if name in MORE else f"/form?{urlencode(query or {})}"
    if query is None and name not in MORE:
        pytest.skip("the other model has this page")
    with open_page(browser, texts, refusals=name == "problem") as page:
        load(page, path)
        check(page, axe)


# What a person types, and what the log then has.
TYPED = {
    "flats": ({"district": "Nordend, West"}, "with", {"rooms": "", "district": "Nordend, West", "balcony": "with"}),
    "odd": (
        {"zip": "95610", "action": "a text that nobody knows"},
        "",
        {"rooms": "", "zip": "95610", "action": "other"},
    ),
}


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
def test_a_person_asks_with_texts_and_leaves_out_what_is_not_known(
    browser: Browser, texts: Server, *, script: bool
) -> None:
    typed, chosen, logged = TYPED[model_of(texts)]
    with open_page(browser, texts, java_script_enabled=script) as page:
        page.goto("/form")
        for name, text in typed.items():
            page.locator(f"#in-{name}").fill(text)
        if chosen:
            page.get_by_role("radio", name=chosen, exact=True).check()
        page.get_by_role("button", name="Predict").click()
        expect(page.locator("#notices")).to_contain_text("Rooms: is missing: 3 was taken instead")
        expect(page.locator("#evidence")).to_contain_text("the model gave")
        expect(page).to_have_url(re.compile(r"/form\?rooms=&"))
        for name, text in typed.items():
            expect(page.locator(f"#in-{name}")).to_have_value(text)
    row = texts.rows("predictions")[-1]
    assert {name: row[name] for name in logged} == logged


def test_a_change_of_a_field_asks_again_though_another_one_is_empty(browser: Browser, texts: Server) -> None:
    known = {"flats": {"district": "Höchst"}, "odd": {"action": "action"}}[model_of(texts)]
    with open_page(browser, texts) as page:
        page.goto(f"/form?{urlencode(known)}")
        before = page.locator("#evidence data").text_content() or ""
        page.locator("#in-rooms").fill("5")
        page.locator("#in-rooms").press("Tab")
        expect(page.locator("#evidence data")).not_to_have_text(before)
        expect(page).to_have_url(re.compile("rooms=5"))
