"""Trained models behind the service: the shipped one, and one that shares nothing with it, with no line changed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser
from sklearn.datasets import load_diabetes

from tests.e2e.conftest import open_page
from tests.e2e.server import ROOT, Server, serving, wait_until


def boston_rows() -> np.ndarray:
    return pd.read_csv(ROOT / "train/data/boston.csv")[["rm", "tax", "age"]].to_numpy()


@pytest.fixture
def server(published: Path, diabetes: str, tmp_path: Path) -> Iterator[Server]:
    with serving(published, tmp_path / "logs", workers=2, SERVE_MODEL="diabetes") as server:
        yield server


def test_the_curl_lines_of_the_readme_are_answered_as_it_says(published: Path, tmp_path: Path) -> None:
    block = r"^```\n(curl .*predict_json.*)\n```\n```json\n(\{(?:.|\n)*?\})\n```$"
    blocks = re.findall(block, (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(blocks) == 2
    with serving(published, tmp_path / "logs", workers=1) as server:
        for line, reply in blocks:
            command = [*shlex.split(line.replace("127.0.0.1:5000", f"127.0.0.1:{server.port}")), "--silent"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            answered, shown = json.loads(done.stdout), json.loads(reply)
            assert answered["request_id"] != shown["request_id"]
            assert list(answered) == list(shown)
            for member in shown.keys() - {"request_id", "explanation"}:
                assert answered[member] == pytest.approx(shown[member], abs=1e-4), member
            contributions = [content.get("explanation", {}).pop("contributions", {}) for content in (answered, shown)]
            assert contributions[0] == pytest.approx(contributions[1], abs=1e-4)
            assert answered.get("explanation") == pytest.approx(shown.get("explanation"), abs=1e-4)


def test_a_model_of_somebody_elses_data_is_served_with_its_own_form_card_and_logs(server: Server) -> None:
    table = load_diabetes(as_frame=True, scaled=False).data
    status, reply = server.ask(table.head(5).to_json(orient="records").encode(), X_Request_ID="by-name")
    assert status == 200, reply
    assert len(reply["predictions"]) == 5
    _, by_place = server.ask(json.dumps(table.head(5).to_numpy().tolist()).encode())
    assert by_place["predictions"] == reply["predictions"]

    page = server.request("GET", "/form")[1]
    names = re.findall(r'<input[^>]* name="(\w+)"', page)
    assert list(dict.fromkeys(names)) == list(table.columns)  # a category has a radio button for each of its codes
    assert re.search(r'type="radio" name="sex" value="2"> two</label>', page)
    fields = "&".join(f"{name}={value}" for name, value in table.iloc[0].items())
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, page = server.request("POST", "/predict_form", fields.encode(), form)
    assert status == 200
    assert f'the model gave <data value="{reply["predictions"][0]}"' in page

    card = server.request("GET", "/models/diabetes/1")[1]
    assert re.search(r"<h2[^>]*>Ethical considerations</h2>", card)
    assert re.search(r"<table[^>]*>", card)

    rows = server.rows("predictions", "by-name")
    assert [float(row["prediction"]) for row in rows] == reply["predictions"]
    logged = np.array([[row[name] for name in table.columns] for row in rows], dtype=np.float32)
    assert np.array_equal(logged, table.head(5).to_numpy(dtype=np.float32))


def test_a_real_card_fits_a_phone_and_breaks_no_word(browser: Browser, server: Server) -> None:
    with open_page(browser, server, viewport={"width": 360, "height": 740}) as page:
        page.goto("/models/diabetes/1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        cell = page.get_by_role("rowheader", name="Packages", exact=True)
        assert (
            cell.evaluate(
                "cell => { const range = document.createRange(); range.selectNodeContents(cell); "
                "return range.getClientRects().length; }"
            )
            == 1
        )  # line of text


def test_the_reference_runtime_gives_the_same_predictions(published: Path, tmp_path: Path) -> None:
    rows = boston_rows()[:300].tolist()
    answers = []
    for runtime in ("litert", "keras"):
        with serving(published, tmp_path / runtime, workers=1, wait=False, SERVE_RUNTIME=runtime) as server:
            wait_until(server.ready, "TensorFlow, first in a child and then in the worker", 120)
            status, reply = server.ask(json.dumps(rows).encode())
            assert status == 200, reply
            answers.append(reply["predictions"])
    assert len(answers[0]) == 300
    assert answers[0] == pytest.approx(answers[1], abs=1e-4)
