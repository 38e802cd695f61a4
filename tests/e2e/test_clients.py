"""docs/clients.md: every example is run against a real server, and prints what stands behind it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.server import ROOT, Server, environment, serving

DOCUMENT = ROOT / "docs" / "clients.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What would be shown as code: another kind of fence, or an indent.
CODE = re.compile(r"```|~~~|^(?: {4}|\t)", re.MULTILINE)
KINDS = ("curl", "requests.post", "await fetch", "tritonclient", "mlflow", "/v1/models/boston:predict", "predict_csv")


@dataclass(frozen=True)
class Example:
    """A block of code and the block behind it: what it prints."""

    line: int
    language: str
    code: str
    kind: str
    expected: str


def examples() -> list[Example]:
    """Return every example of the document; code that is no block here, or prints nothing, is a mistake."""
    text = DOCUMENT.read_text()
    blocks = [(text[: match.start()].count("\n") + 1, match[1], match[2]) for match in BLOCK.finditer(text)]
    unused = CODE.search(BLOCK.sub("", text))
    assert unused is None, f"code that no test runs: {unused and unused.string[unused.start() :][:60]!r}"
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    examples = [Example(*block, kind, expected) for block, (_, kind, expected) in pairs]
    for example in examples:
        known = example.language in ("bash", "python", "js") and example.kind in ("json", "text")
        assert known, f"line {example.line}: expected bash, python or js, and json or text behind it"
    return examples


@pytest.fixture(scope="module")
def server(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service over the shipped model."""
    with serving(published, tmp_path_factory.mktemp("clients") / "logs", workers=1) as server:
        yield server


def values(text: str) -> list[str]:
    """Return the JSON values that stand one after the other in a text, in one spelling: 1 == true in Python."""
    decoder, values = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        values.append(json.dumps(value, sort_keys=True))
        text = text[end:]
    return values


def in_browser(code: str, server: Server, request: pytest.FixtureRequest) -> str:
    page = request.getfixturevalue("browser").new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(f"{server.url}/form")
    page.evaluate(f"(async () => {{ {code} }})()")
    page.close()
    return "\n".join(console)


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"line {example.line}, {example.language}")
def test_an_example_prints_what_stands_behind_it(
    example: Example, server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    code = re.sub(r'127\.0\.0\.1(:|", )5000', rf"127.0.0.1\g<1>{server.port}", example.code)
    if example.language == "js":
        printed = in_browser(code, server, request)
    else:
        command = ["bash", "-c", code] if example.language == "bash" else [sys.executable, "-c", code]
        environ = environment(MLFLOW_DISABLE_TELEMETRY="true", HOME=str(tmp_path))  # MLflow writes into the home
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        printed = done.stdout
    if example.kind == "json":
        assert values(printed) == values(example.expected)
    else:
        assert printed.strip() == example.expected.strip()


def test_every_kind_of_client_is_shown() -> None:
    code = "".join(example.code for example in examples())
    assert [kind for kind in KINDS if kind not in code] == []
