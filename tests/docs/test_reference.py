"""docs/reference/ against the code: every setting, route, log column, command and option, and no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.routing.canary_analysis import CanaryAnalysis
from app.settings import Settings
from journal import FEEDBACK_COLUMNS, REQUEST_COLUMNS, explanation_columns, prediction_columns
from tests.conftest import HOUSES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SETTINGS, HTTP, LOGS, COMMANDS = (
    (REFERENCE / f"{name}.md").read_text() for name in ("settings", "http", "logs", "commands")
)
PACKAGES = ("train", "registry", "audit", "monitor")


def first_cells(text: str) -> list[str]:
    """The first cell of each table row, without the headers."""
    rows = re.findall(r"^\| (.+?) \|.*\|$", text, re.MULTILINE)
    return [cell for cell in rows if cell.startswith("`")]


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    return re.split(r"^#+ ", text.partition(f"{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_settings_table_has_every_setting_with_its_default_and_meaning() -> None:
    expected = []
    for item in fields(Settings):
        default = "one per core" if item.name == "workers" else f"`{item.default}`" if item.default else "none"
        expected.append(f"| `SERVE_{item.name.upper()}` | {default} | {item.metadata['help']} |")
    assert sorted(line for line in SETTINGS.splitlines() if line.startswith("| `SERVE_")) == sorted(expected)


def routes() -> list[tuple[str, str]]:
    """Method and path of every route in http.md."""
    return [(match[1], match[2]) for cell in first_cells(HTTP) if (match := re.fullmatch(r"`([A-Z]+) (/.*)`", cell))]


def anonymous(path: str) -> str:
    """A path whose placeholders have no names: `/models/{name}` as `/models/{}`."""
    return re.sub(r"\{\w+\}", "{}", path)


def test_the_routes_are_those_of_openapi_and_the_files_of_its_pages(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    described = {
        (method.upper(), anonymous(path))
        for path, item in paths.items()
        for method in item
        if method in ("get", "post")
    }
    files = {("GET", "/docs/{}"), ("GET", "/static/{}")}
    assert {(method, anonymous(path)) for method, path in routes()} == described | files


def columns(heading: str) -> list[str]:
    """The columns in the table below a heading of logs.md."""
    table = section(LOGS, heading).partition("| flag |")[0]
    return [name for cell in first_cells(table) for name in re.findall(r"`(\w+)`", cell)]


def test_the_columns_are_those_of_the_logs() -> None:
    assert tuple(columns("## requests")) == REQUEST_COLUMNS
    assert tuple(columns("## predictions")) == prediction_columns(HOUSES.names)
    assert tuple(columns("## explanations")) == explanation_columns(HOUSES.names)
    assert tuple(columns("## feedback")) == FEEDBACK_COLUMNS


# Runs each command with --help in one process: most of the time of each goes into imports.
HELP = """
import runpy, sys
for command in sys.argv[2:]:
    sys.argv[1:] = [*command.split(), "--help"]
    try:
        runpy.run_module(PACKAGE, run_name="__main__")
    except SystemExit:
        print(end="\\0")
"""


def usages(package: str, commands: Sequence[str]) -> list[str]:
    """The usage lines of a package's commands, as --help has them, without what every command has."""
    script = HELP.replace("PACKAGE", repr(package))
    environ = {**os.environ, "COLUMNS": "500", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, "", *commands], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    texts = [text.partition("\n\n")[0] for text in done.stdout.split("\0")[:-1]]
    return [" ".join(text.removeprefix("usage: ").replace(" [-h]", "").split()) for text in texts]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_command_and_option_is_documented_as_its_help_has_it(package: str) -> None:
    names = re.search(r"\{([\w,]+)\} \.\.\.$", usages(package, [""])[0])
    commands = names[1].split(",") if names else ["", "init"]  # of train: a spec may stand for a command
    headings = re.findall(rf"^#+ (python -m {package}\b.*)$", COMMANDS, re.MULTILINE)
    sections = {heading: text for heading in headings if "```text" in (text := section(COMMANDS, f" {heading}"))}
    assert set(sections) == {f"python -m {package} {command}".strip() for command in commands}
    for command, usage in zip(commands, usages(package, commands), strict=True):
        text = sections[f"python -m {package} {command}".strip()]
        block = re.search(r"```text\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert " ".join(block[1].split()) == usage
        options = {option for cell in first_cells(text) for option in re.findall(r"--[a-z-]+", cell)}
        assert options == set(re.findall(r"--[a-z-]+", usage)), command


def test_the_commands_of_make_are_documented() -> None:
    targets = re.findall(r"^([a-z-]+):[^#\n]*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(cell.strip("`") for cell in first_cells(section(COMMANDS, "## make"))) == sorted(
        f"make {target}" for target in targets
    )


def test_serving_takes_no_option() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m app [serve | token NAME]" in done.stderr
    assert "python -m app [serve | token NAME]" in section(COMMANDS, "## python -m app")


def test_a_canary_is_withdrawn_after_as_many_failures_as_its_page_says() -> None:
    rows = re.findall(r"^\| (\d+) % \| (\d+) \| (\d+) \|$", (ROOT / "docs" / "canary.md").read_text(), re.MULTILINE)
    assert len(rows) == 5
    for percent, *counts in rows:
        for workers, count in zip((1, 4), map(int, counts), strict=True):
            analysis = CanaryAnalysis(int(percent) / 100, workers)
            verdicts = [analysis.record(of_canary=True, failed=True) for _ in range(count)]
            assert [bool(verdict) for verdict in verdicts] == [False] * (count - 1) + [True], percent


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "deploy" / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for file, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text()):
            target = document.parent / file if file else document
            assert target.exists(), f"{document}: {file}"
            assert not anchor or anchor in anchors(target), f"{document}: {file}#{anchor}"


def test_every_file_of_the_project_that_the_documents_name_is_there() -> None:
    folders = "app|registry|journal|audit|monitor|train|tests|benchmarks|deploy"
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", document.read_text()):
            assert (ROOT / name).exists() or "MODEL" in name, f"{document}: {name}"


def test_every_module_on_the_way_of_a_request_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    steps = re.findall(r"^ ?\d+  (\w+)/([\w, ]+?)  +\S", section(text, "## The life of a request"), re.MULTILINE)
    assert len(steps) == 18
    for room, modules in steps:
        for module in modules.split(", "):
            files = (ROOT / "app" / room / f"{module}.py", ROOT / room / f"{module}.py")
            assert any(file.exists() for file in files), f"{room}/{module}"
