"""docs/clients.md: every example is run against a real server, and prints what stands behind it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.server import ROOT, Server, serving

pytestmark = pytest.mark.slow

DOCUMENT = ROOT / "docs" / "clients.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What would be shown as code: another kind of fence, or an indent.
CODE = re.compile(r"```|~~~|^(?: {4}|\t)", re.MULTILINE)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Example:
    """A block of code and the block behind it: what it prints."""

    line: int
    language: str
    code: str
    kind: str
    expected: str


def examples() -> list[Example]:
    """Every example of the document; code that is no block here, or has nothing behind it, is a mistake."""
    text = DOCUMENT.read_text()
    blocks = [(text[: match.start()].count("\n") + 1, match[1], match[2]) for match in BLOCK.finditer(text)]
    left = CODE.search(BLOCK.sub("", text))
    assert left is None, f"code that no test runs: {left and left.string[left.start() :][:60]!r}"
    assert len(blocks) % 2 == 0, "the last block prints nothing"
    found = []
    while blocks:
        (line, language, code), (_, kind, expected) = blocks[:2]
        assert (language in ("bash", "python", "js"), kind in ("json", "text")) == (True, True), f"line {line}"
        found.append(Example(line, language, code, kind, expected))
        blocks = blocks[2:]
    return found


@pytest.fixture(scope="module")
def server(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service over the shipped model."""
    with serving(published, tmp_path_factory.mktemp("clients") / "logs", workers=1) as server:
        yield server


def values(text: str) -> list[str]:
    """The JSON values that stand one after the other in a text, each written in one way: Python takes 1 for true."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(json.dumps(value, sort_keys=True))
        text = text[end:]
    return found


def run(example: Example, server: Server, folder: Path) -> str:
    code = example.code.replace("127.0.0.1:5000", f"127.0.0.1:{server.port}")
    code = code.replace('"127.0.0.1", 5000', f'"127.0.0.1", {server.port}')
    if example.language == "js":
        return in_browser(code, server)
    command = ["bash", "-c", code] if example.language == "bash" else [sys.executable, "-c", code]
    # MLflow writes into the home otherwise.
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "HOME": str(folder)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_browser(code: str, server: Server) -> str:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("there is no chromium here")
        pytest.skip("NOT TESTED: the example in a browser, because there is no chromium here")
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{server.url}/form")
        page.evaluate(f"(async () => {{ {code} }})()")
        browser.close()
    return "\n".join(said)


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"line {example.line}, {example.language}")
def test_an_example_prints_what_stands_behind_it(example: Example, server: Server, tmp_path: Path) -> None:
    printed = run(example, server, tmp_path)
    if example.kind == "json":
        assert values(printed) == values(example.expected)
    else:
        assert printed.strip() == example.expected.strip()


def test_every_kind_of_client_is_shown() -> None:
    code = "".join(example.code for example in examples())
    for word in (
        "curl",
        "requests.post",
        "await fetch",
        "tritonclient",
        "mlflow",
        "/v1/models/boston:predict",
        "predict_csv",
    ):
        assert word in code
