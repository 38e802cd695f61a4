"""The document of the interface against a real server: in a browser, and by thousands of generated requests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import FLATS, HOUSES, publish
from tests.e2e.conftest import open_page
from tests.e2e.server import ROOT, Server, serving

# Wide enough for every row inside the limits: so every 500 is a fault.
WIDE = replace(HOUSES, output=replace(HOUSES.output, plausible=(-100, 200)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("openapi")
    for _ in range(2):
        publish(folder / "models", WIDE)
    # Few, so that generated requests have too many.
    with serving(folder / "models", folder / "logs", workers=1, SERVE_MAX_ROWS="8") as running:
        yield running


@pytest.fixture
def texts_server(tmp_path: Path) -> Iterator[Server]:
    """A service over a model that takes texts, and values that may be missing."""
    publish(tmp_path / "models", replace(FLATS, output=replace(FLATS.output, plausible=(-1000, 1000))))
    with serving(tmp_path / "models", workers=1, SERVE_MAX_ROWS="8", SERVE_MODEL="flats") as running:
        yield running


@pytest.fixture(params=[("light", 1200), ("dark", 390)], ids=["light desk", "dark phone"])
def page(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    scheme, width = request.param
    with open_page(browser, server, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        yield page


def test_an_example_is_tried_on_the_page_as_it_is(page: Page, server: Server) -> None:
    page.goto("/docs")
    expect(page.get_by_role("link", name="API", exact=True)).to_be_visible()
    operation = page.locator("#operations-Predict-predict_json")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    replied = operation.locator(".live-responses-table tbody").first
    expect(replied.locator(".response-col_status").first).to_have_text("200")
    expect(replied).to_contain_text('"prediction": 6.0550003')
    assert server.rows("predictions")[-1]["prediction"] == "6.0550003"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colours = page.evaluate(
        "[document.body, document.querySelector('.opblock-summary-path')].map(e => getComputedStyle(e))"
        ".map((style, index) => index ? style.color : style.backgroundColor)"
    )
    light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert abs(light - dark) > 400


def test_thousands_of_generated_requests_are_answered_as_documented(server: Server, tmp_path: Path) -> None:
    fuzz(server, "boston", b"[6, 250, 66.5]", tmp_path)


def test_thousands_of_generated_requests_with_texts_are_answered_as_documented(
    texts_server: Server, tmp_path: Path
) -> None:
    fuzz(texts_server, "flats", '[4, "Höchst", true]'.encode(), tmp_path)


def fuzz(server: Server, model: str, row: bytes, tmp_path: Path) -> None:
    """Have requests generated from the document of a service, and check that each is answered as it says."""
    shutil.copy(Path(__file__).with_name("schemathesis.toml"), tmp_path)
    reports = server.logs / model / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "report-2026-11-25.html").write_text("<p>calm</p>")  # the day of the document's example
    assert server.ask(row, X_Request_ID="order-4711")[0] == 200  # the request of the document's example
    command = [
        Path(sys.executable).with_name("schemathesis"),
        *("run", f"{server.url}/openapi.json", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-examples", "25", "--generation-deterministic", "--workers", "1", "--continue-on-failure"),
        *("--request-timeout", "10", "--output-sanitize", "false", "--no-color"),
        *("--report", "json", "--report-json-path", "report.json"),
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "FUZZED_MODEL": model}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["failures"], report["errors"]) == ([], []), done.stdout
    assert done.returncode == 0, done.stdout
    assert report["complete"]
    assert report["test_cases"]["generated"] > 4000
    for operation, phases in report["valid_rates"].items():
        assert sum(phase["accepted"] for phase in phases.values()) > 0, f"no request of {operation} was accepted"
        assert sum(phase["rejected"] for phase in phases.values()) == 0, f"a right request of {operation} was refused"
    assert "ERROR" not in server.output.read_text()
