"""The pages of really trained versions in a real browser: linear, mlp, and a model of ten inputs, one a category."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from registry import Figures, VersionStore
from registry.rows import TEST, read_rows
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, serving

PHONE = {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "java_script_enabled": False}
DESK = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module", params=["boston", "diabetes"])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def store(model: str, published: Path, request: pytest.FixtureRequest) -> VersionStore:
    """The trained versions of a model."""
    if model == "diabetes":
        request.getfixturevalue("diabetes")
    return VersionStore(published, model)


@pytest.fixture(scope="module")
def trained(store: VersionStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service over them."""
    logs = tmp_path_factory.mktemp("logs")
    with serving(store.folder.parent, logs, workers=1, SERVE_MODEL=store.model) as server:
        yield server


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, trained: Server) -> Iterator[Page]:
    """Open a page at a desk, or on a small phone in the dark without JavaScript."""
    with open_page(browser, trained, **request.param) as page:
        yield page


def test_a_card_draws_what_its_version_was_measured_at(page: Page, store: VersionStore) -> None:
    for number in store.versions():
        card = store.card(number)
        figures = Figures.from_card(card)
        assert figures is not None
        page.goto(f"/models/{store.model}/{number}")
        expect(page.locator("h1")).to_have_text(f"Model card: {store.model}, version {number}")
        assert page.locator('#dependence + .card svg[role="img"]').count() == len(figures.inputs)
        assert page.locator("#fit + .card svg").first.locator(".dot").count() >= 1
        errors = np.abs(np.array(figures.actual) - np.array(figures.predicted))
        outside = int(np.sum(errors > np.array(figures.half_width)))
        expect(page.locator("#fit + .card")).to_contain_text(f"{len(errors)} test rows")
        expect(page.locator("#fit + .card")).to_contain_text(f"({outside} {'row' if outside == 1 else 'rows'})")
        coverage = card["interval"]["levels"]["0.9"]["coverage"]
        expect(page.locator(".facts")).to_contain_text(f"{100 * coverage:.3g} %")
        assert page.locator("#slices ~ .card tbody tr").count() == len(card["slices"])


def test_every_file_of_a_card_can_be_fetched_and_is_what_its_digest_says(page: Page, store: VersionStore) -> None:
    page.goto(f"/models/{store.model}/1")
    rows = page.locator("#files + .card tbody tr")
    for row in rows.all():
        link = row.get_by_role("link")
        content = page.request.get(str(link.get_attribute("href"))).body()
        assert hashlib.sha256(content).hexdigest() == row.locator("code").inner_text()
    assert rows.count() == len(store.check(1).sums.splitlines()) + 1


def test_a_chart_s_numbers_are_one_key_away(page: Page, store: VersionStore) -> None:
    page.goto(f"/models/{store.model}/1")
    summary = page.locator("#dependence + .card summary").first
    table = page.locator("#dependence + .card table").first
    expect(table).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    assert table.locator("tbody tr").count() == 41


def test_versions_are_chosen_and_compared_by_keyboard(page: Page, store: VersionStore) -> None:
    if store.model != "boston":
        page.goto("/models/compare")
        expect(page.locator("main")).to_contain_text("There is nothing to compare yet")
        return
    page.goto("/models")
    page.get_by_role("link", name="Compare two versions").press("Enter")
    expect(page.locator("h1")).to_have_text("Versions 1 and 3 of boston")
    page.get_by_label("Second version").select_option("2")
    page.get_by_role("button", name="Compare").press("Enter")
    expect(page.locator("main")).to_contain_text("version 2 is nearer to the real value on 0 and farther on 0")
    page.goto("/models/compare?a=1&b=3")
    better, worse = compare_by_hand(store, 1, 3)
    words = f"version 3 is nearer to the real value on {better} and farther on {worse}"
    expect(page.locator(".lead")).to_contain_text(words)
    assert page.locator("#spec + .card tbody").inner_text().count("fit.hidden") == 1


def compare_by_hand(store: VersionStore, *numbers: int) -> tuple[int, int]:
    """Ask both models about the test rows; return on how many rows the second one is nearer, and farther."""
    versions = [store.open(number) for number in numbers]
    signature = versions[0].signature
    table = read_rows(store.check(numbers[0]), TEST, signature)
    first, second = (
        np.abs(version.predictor.predict(table[:, :-1].astype(np.float32)).reshape(-1) - table[:, -1])
        for version in versions
    )
    return int(np.sum(second < first)), int(np.sum(second > first))


@pytest.mark.parametrize("path", ["/models", "/models/compare", "/models/{model}/1"])
def test_no_page_is_wider_than_a_phone(page: Page, store: VersionStore, path: str) -> None:
    page.goto(path.format(model=store.model))
    width = page.viewport_size
    assert width is not None
    for part in page.locator("main > *, main section > *").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= width["width"] + 1, part.inner_text()[:80]
