"""``/browser`` in a real browser: it computes what the server does, by itself, under the pages' own policy."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect
from sklearn.datasets import load_diabetes

from app.endpoints.browser import BUNDLE
from app.http.responses import PAGE_POLICY
from registry import VersionStore
from tests.app.requests import ANN
from tests.e2e.conftest import open_page
from tests.e2e.npm import BROWSER, require_npm
from tests.e2e.server import ROOT, Server, serving

# Types rows into the fields one after the other. Returns what the page shows for each.
TYPE_ROWS = """rows => rows.map((row) => {
    const fields = document.querySelectorAll("#run-inputs input, #run-inputs select");
    fields.forEach((field, index) => { field.value = row[index]; });
    fields[0].dispatchEvent(new Event("input", { bubbles: true }));
    return Number(document.querySelector("#run-prediction").value || NaN);
})"""


def boston_rows() -> Any:
    return pd.read_csv(ROOT / "train/data/boston.csv")[["rm", "tax", "age"]].to_numpy()


@pytest.fixture(scope="module")
def boston(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(published, tmp_path_factory.mktemp("boston") / "logs", workers=1) as server:
        yield server


@pytest.fixture(scope="module")
def diabetes_server(published: Path, diabetes: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert diabetes
    logs = tmp_path_factory.mktemp("diabetes") / "logs"
    with serving(published, logs, workers=1, SERVE_MODEL="diabetes") as server:
        yield server


def open_model(page: Page, number: int) -> list[str]:
    """Open the page and wait for its model. Return the list to which the addresses of its requests are added."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    reply = page.goto(f"/browser?version={number}")
    assert reply is not None
    assert reply.headers["content-security-policy"] == PAGE_POLICY
    expect(page.locator("#run-model")).to_be_visible()
    return asked


def expected(models: Path, model: str, number: int, rows: Any) -> list[float]:
    predictor = VersionStore(models, model).open(number).predictor
    return [float(value) for value in predictor.predict(rows.astype(np.float32))]


@pytest.mark.parametrize("number", [1, 3], ids=["linear", "mlp"])
def test_the_page_computes_every_row_of_the_data_set_as_the_server_does(
    published: Path, browser: Browser, boston: Server, number: int
) -> None:
    rows = boston_rows()
    with open_page(browser, boston) as page:
        asked = open_model(page, number)
        files = len(asked)
        computed = page.evaluate(TYPE_ROWS, rows.tolist())
        assert len(asked) == files, "what is typed stays in the page"
    assert all(address.startswith("GET ") for address in asked)
    assert len(computed) == 506
    assert computed == pytest.approx(expected(published, "boston", number, rows), abs=1e-4)
    assert boston.rows("predictions") == []


def test_the_page_computes_a_model_of_ten_inputs_one_a_category(
    published: Path, browser: Browser, diabetes_server: Server
) -> None:
    rows = load_diabetes(as_frame=True, scaled=False).data.to_numpy()
    with open_page(browser, diabetes_server) as page:
        open_model(page, 1)
        expect(page.locator("#run-inputs select option")).to_have_text(["one", "two"])
        computed = page.evaluate(TYPE_ROWS, rows.tolist())
        page.locator("#run-compare").click()
        expect(page.locator("#run-compared")).to_have_text("100")
    assert len(computed) == 442
    assert computed == pytest.approx(expected(published, "diabetes", 1, rows), abs=1e-3, rel=1e-6)
    assert len(diabetes_server.rows("predictions")) == 100


def test_the_button_compares_100_rows_with_the_server_and_shows_the_largest_difference(
    published: Path, browser: Browser, tmp_path: Path
) -> None:
    with (
        serving(published, tmp_path / "logs", workers=1) as server,
        open_page(browser, server, color_scheme="dark", viewport={"width": 320, "height": 740}) as page,
    ):
        asked = open_model(page, 3)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        before = len(asked)
        page.get_by_role("button", name="Compare 100 rows with the server").press("Enter")
        expect(page.locator("#run-verdict")).to_contain_text("in 100 rows; request ")
        paths = [address.replace(server.url, "") for address in asked[before:]]
        assert paths == ["GET /models/boston/3/reference.csv", "POST /v1/models/boston/versions/3:predict"]
        difference = float(page.locator("#run-difference").get_attribute("value") or "nan")
        request_id = (page.locator("#run-verdict").text_content() or "").rpartition("request ")[2].rstrip(".")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        rows = server.rows("predictions", request_id)
        assert [(row["role"], row["version"]) for row in rows] == [("pinned", "3")] * 100
        computed = page.evaluate(TYPE_ROWS, [[row[name] for name in ("rm", "tax", "age")] for row in rows])
        apart = max(abs(value - float(row["prediction"])) for value, row in zip(computed, rows, strict=True))
        assert 0 < difference < 1e-4
        assert difference == pytest.approx(apart, abs=2e-6)  # the log has the fewest digits of a float32


def test_what_the_model_can_not_be_asked_stands_at_its_field(browser: Browser, boston: Server) -> None:
    with open_page(browser, boston) as page:
        open_model(page, 1)
        shown = page.locator("#run-prediction").text_content()
        page.get_by_label("Property tax").fill("800")
        expect(page.locator("#beyond-tax")).to_have_text("outside the training range, 187 to 711")
        expect(page.locator("#run-prediction")).not_to_have_text(shown or "")
        for text in ("six", "", "99", "1,234", "0x10"):
            page.get_by_label("Rooms").fill(text)
            expect(page.locator("#problem-rm")).to_have_text("expected a number from 1 to 15, like 6")
            expect(page.get_by_label("Rooms")).to_have_attribute("aria-invalid", "true")
            expect(page.locator("#run-prediction")).to_have_text("–")
        page.get_by_label("Rooms").fill(" 6,0 ")
        for text in ("0,538", "1 100,5", "1.100,5", "250"):
            page.get_by_label("Property tax").fill(text)
            expect(page.locator("#problem-tax")).to_have_text("")
            expect(page.locator("#run-prediction")).not_to_have_text("–")
        expect(page.locator("#run-prediction")).to_have_text(shown or "")
        expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_an_input_may_be_called_like_what_a_script_asks_of_a_form(
    published: Path, browser: Browser, tmp_path: Path
) -> None:
    signature = json.loads((published / "boston/1/signature.json").read_text())
    names = ("addEventListener", "querySelectorAll", "value")
    for item, name in zip(signature["inputs"], names, strict=True):
        item.update(name=name, aliases=[])
    store = VersionStore(tmp_path / "models", "boston")
    with store.staging() as folder:
        shutil.copytree(published / "boston/1", folder, dirs_exist_ok=True)
        (folder / "SHA256SUMS").unlink()
        (folder / "signature.json").write_text(json.dumps(signature))
        store.publish(folder, ANN)
    with serving(tmp_path / "models", workers=1) as server, open_page(browser, server) as page:
        open_model(page, 1)
        shown = page.locator("#run-prediction").text_content()
        page.get_by_label("Rooms").fill("7")
        expect(page.locator("#run-prediction")).not_to_have_text(shown or "")
        page.get_by_label("Rooms").press("Enter")
        expect(page.get_by_label("Rooms")).to_have_value("7")  # nothing was sent, so the page is the same


def test_without_javascript_the_page_says_that_it_needs_it_and_links_the_files(
    browser: Browser, boston: Server
) -> None:
    with open_page(browser, boston, java_script_enabled=False) as page:
        page.goto("/browser?version=1")
        expect(page.get_by_text("This page needs JavaScript.")).to_be_visible()
        expect(page.locator("#run-model")).to_be_hidden()
        expect(page.locator("pre")).to_contain_text("tf.loadLayersModel(")
        for name in ("model.json", "weights.bin"):
            address = page.get_by_role("link", name=name).get_attribute("href")
            assert page.request.get(address or "").status == 200


def test_a_model_that_can_not_be_loaded_is_said_with_the_reason(browser: Browser, boston: Server) -> None:
    with open_page(browser, boston, refusals=True) as page:
        page.route("**/tfjs/weights.bin", lambda route: route.fulfill(status=404, body="gone"))
        page.goto("/browser?version=1")
        expect(page.locator("#run-state")).to_contain_text("The model could not be loaded: ")
        expect(page.locator("#run-model")).to_be_hidden()


def test_the_script_is_what_the_locked_packages_make(tmp_path: Path) -> None:
    require_npm("that the TensorFlow.js of /browser is what its packages make")
    made = tmp_path / "tensorflow.js.gz"
    done = subprocess.run([BROWSER / "bundle.sh", made], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(BUNDLE.read_bytes())
    lock = json.loads((BROWSER / "package-lock.json").read_text())["packages"]
    assert all("integrity" in item and "resolved" not in item for name, item in lock.items() if name)
