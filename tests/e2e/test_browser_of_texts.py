"""``/browser`` with a model of texts: it makes the numbers of them, and of what is missing, that the server makes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from registry import Missing, Signature, VersionStore
from tests.app.endpoints.conftest import ODD_TEXTS, many_levels
from tests.app.requests import ANN
from tests.conftest import LINEAR, write_version
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, serving

# What linear.tflite computes.
KERNEL, BIAS = [8, -0.01, -0.03], [-20]


def write_network(folder: Path) -> None:
    """Write linear.tflite's network as TensorFlow.js files."""
    shape = {"batchInputShape": [None, 3], "dtype": "float32", "name": "features"}
    dense = {"name": "dense", "units": 1, "activation": "linear", "useBias": True, "trainable": True}
    layers = [{"class_name": "InputLayer", "config": shape}, {"class_name": "Dense", "config": dense}]
    weights = [
        {"name": "dense/kernel", "shape": [3, 1], "dtype": "float32"},
        {"name": "dense/bias", "shape": [1], "dtype": "float32"},
    ]
    topology = {"class_name": "Sequential", "config": {"name": "network", "layers": layers}}
    manifest = [{"paths": ["weights.bin"], "weights": weights}]
    content = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(content))
    (folder / "weights.bin").write_bytes(np.array([*KERNEL, *BIAS], "<f4").tobytes())


def publish_for_browsers(models: Path, signature: Signature) -> None:
    """Publish a version whose training rows have every odd text, and every input missing once."""
    store = VersionStore(models, signature.model)
    with store.staging() as folder:
        write_version(folder, signature, LINEAR)
        rows = [["4", str(95600 + place % 7), text, "11.5"] for place, text in enumerate(ODD_TEXTS)]
        rows += [["", "95600", "action", "1"], ["4", "", "action", "1"], ["4", "95600", "", "1"]]
        with (folder / "reference.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([[*signature.names, signature.output.name], *rows])
        write_network(folder / "tfjs")
        store.publish(folder, ANN)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    signature = many_levels(68)
    publish_for_browsers(
        tmp_path / "models", replace(signature, output=replace(signature.output, plausible=(-500, 500)))
    )
    with serving(tmp_path / "models", workers=1, SERVE_MODEL="odd") as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with open_page(browser, server) as page:
        page.goto("/browser")
        expect(page.locator("#run-model")).to_be_visible()
        yield page


def computed(rooms: float, zip_code: float, action: float) -> float:
    return float(np.dot(KERNEL, [rooms, zip_code, action]) + BIAS[0])


def shown(page: Page) -> float:
    return float(page.locator("#run-prediction").get_attribute("value") or "nan")


def test_texts_are_chosen_and_a_field_may_be_empty(page: Page) -> None:
    assert shown(page) == pytest.approx(computed(4, 1, 1), abs=1e-4)
    page.locator("#in-zip").select_option("95607")
    page.locator("#in-action").select_option(ODD_TEXTS[4])
    assert shown(page) == pytest.approx(computed(4, 7, 4), abs=1e-4)
    page.locator("#in-zip").select_option("not known")
    page.locator("#in-rooms").fill(" ")
    assert shown(page) == pytest.approx(computed(-13, 68, 4), abs=1e-4)
    expect(page.locator("#problem-rooms")).to_have_text("")
    page.locator("#in-rooms").fill("-13")
    expect(page.locator("#problem-rooms")).to_contain_text("expected a number from 1 to 15")


def test_rows_of_texts_are_compared_with_the_servers(page: Page, server: Server) -> None:
    page.locator("#run-compare").click()
    expect(page.locator("#run-compared")).to_have_text(str(len(ODD_TEXTS) + 3))
    assert float(page.locator("#run-difference").get_attribute("value") or "nan") < 1e-4
    rows = server.rows("predictions")
    assert [row["action"] for row in rows] == [*ODD_TEXTS, "action", "action", ""]
    assert [row["rooms"] for row in rows][-3:] == ["", "4.0", "4.0"]
    assert [row["zip"] for row in rows][-3:] == ["95600", "", "95600"]


def test_where_the_model_does_not_fill_what_is_missing_the_page_does(browser: Browser, tmp_path: Path) -> None:
    signature = many_levels(68)
    rooms = replace(signature.inputs[0], missing=Missing(-13, 3, fills_in_model=False))
    publish_for_browsers(tmp_path / "models", replace(signature, inputs=(rooms, *signature.inputs[1:])))
    with serving(tmp_path / "models", workers=1, SERVE_MODEL="odd") as server, open_page(browser, server) as page:
        page.goto("/browser")
        page.locator("#in-rooms").fill("")
        expect(page.locator("#run-prediction")).to_have_text(f"{computed(3, 1, 1):.4g}")
