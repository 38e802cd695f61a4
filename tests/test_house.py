"""The house: which room imports which, and what a module says of itself. docs/architecture.md draws the same arrows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from benchmarks.call_path import trace
from tests.workers import COLLECTED

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "audit", "charts", "journal", "monitor", "registry", "train")
# Every arrow, a line a room: what it imports of the others. The rooms of app/ are named without it.
ARROWS = {
    "charts": "",
    "csv_dialect": "",
    "filesystem": "",
    "request_ids": "",
    "journal": "filesystem request_ids",
    "registry": "filesystem",
    "audit": "filesystem journal registry",
    "monitor": "charts csv_dialect filesystem journal registry train",
    "train": "csv_dialect filesystem registry",
    "errors": "",
    "results": "errors registry",
    "settings": "registry",
    "server": "",
    "metrics": "results registry",
    "codecs": "csv_dialect errors registry",
    "routing": "codecs errors settings registry",
    "inference": "routing codecs errors results registry",
    "http": "metrics errors results journal request_ids",
    "endpoints": "inference routing codecs http metrics errors results settings audit registry request_ids",
    "app": "charts endpoints inference routing http metrics server settings registry",
}
# The rooms of monitor/ and of train/, each after those that it imports. Their single files stand between them, and are
# left out.
INNER_ARROWS = {
    "monitor": {
        "logs": "",
        "profiles": "logs",
        "statistics": "profiles",
        "drift": "profiles statistics",
        "accuracy": "drift logs profiles statistics",
        "report": "accuracy drift logs profiles",
        "retraining": "accuracy logs profiles",
    },
    "train": {
        "spec": "",
        "dataset": "spec",
        "networks": "dataset spec",
        "evaluation": "dataset networks spec",
        "exports": "dataset networks spec",
        "fitted": "dataset evaluation exports spec",
        "init": "dataset evaluation networks spec",
    },
}
# What a module may say that it does not know, and which imports that rules out.
UNKNOWN = {
    "HTTP": {"flask", "werkzeug", "http"},
    "Flask": {"flask"},
    "alias": {"routing", "registry.aliases"},
    "history": {"registry.history", "registry.history_queries"},
    "model file": {"registry.predictor"},
    "log": {"journal"},
    "logs": {"journal"},
    "request": {"flask", "werkzeug", "http"},
    "model": {"routing", "inference", "registry.predictor"},
    "version": {"routing", "registry.versions"},
    "protocol": {"endpoints"},
    "training": {"train"},
    "monitoring": {"monitor"},
    "the service": {"settings", "errors", "results", "http", "codecs", "routing", "inference", "endpoints"},
}
HEAVY = {"tensorflow", "keras", "pandas", "sklearn", "matplotlib"}
# Imported when somebody asks for it: the reference runtime, and a plot.
MAY_BE_HEAVY = {("registry/predictor.py", "keras"), ("monitor/compare.py", "matplotlib")}
MAX_CHANGES_OF_FILE = 21


def modules(*packages: str) -> list[Path]:
    return [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]


GROUND = [ROOT / "csv_dialect.py", ROOT / "filesystem.py", ROOT / "request_ids.py"]
EVERY = [*GROUND, *modules(*PACKAGES)]


def imports(file: Path) -> Iterator[str]:
    """What a file imports, as written; of ``from package import module`` the module too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The room of a module by its dotted name: ``app.http.context`` is in ``http``. Python's ``http`` is in none."""
    first, _, rest = module.partition(".")
    second = rest.partition(".")[0]
    if first == "app":
        return second if second in ARROWS else first
    return "" if (ROOT / "app" / first).is_dir() else first


def name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def line(of: str, to: str) -> str:
    """An arrow as the architecture draws it."""
    return f"{of} -> {', '.join(to.split()) or '(nothing)'}"


@pytest.mark.parametrize("of", ARROWS)
def test_a_room_imports_the_rooms_of_its_line_and_no_other(of: str) -> None:
    imported = {room(module) for file in EVERY if room(name(file)) == of for module in imports(file)}
    assert imported & ARROWS.keys() - {of} == set(ARROWS[of].split())


def test_no_module_of_tests_imports_tensorflow(pytestconfig: pytest.Config) -> None:
    """It would cost every run six seconds, and each worker of pytest-xdist 400 MB."""
    assert not {"tensorflow", "keras"} & pytestconfig.stash[COLLECTED]


def test_the_arrows_run_one_way() -> None:
    below: set[str] = set()
    while below != set(ARROWS):
        free = {of for of, to in ARROWS.items() if of not in below and set(to.split()) <= below}
        assert free, f"a circle among {set(ARROWS) - below}"
        below |= free


def test_the_architecture_draws_these_arrows() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    for language, arrows in (("arrows", ARROWS), *INNER_ARROWS.items()):
        (block,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
        assert block.splitlines() == [line(of, to) for of, to in arrows.items()]


@pytest.mark.parametrize("package", INNER_ARROWS)
def test_the_rooms_of_a_package_import_earlier_ones_only(package: str) -> None:
    arrows = INNER_ARROWS[package]
    assert {path.parent.name for path in (ROOT / package).glob("*/__init__.py")} == set(arrows)
    earlier: set[str] = set()
    for of, to in arrows.items():
        found = {
            module.split(".")[1]
            for file in modules(f"{package}/{of}")
            for module in imports(file)
            if module.startswith(f"{package}.")
        }
        assert found & arrows.keys() - {of} == set(to.split()) <= earlier
        earlier.add(of)


def test_one_module_of_the_service_imports_the_journal() -> None:
    assert [file.name for file in modules("app") if "journal" in set(imports(file))] == ["audit_log.py"]


def claims(file: Path) -> Iterator[str]:
    """What a module's docstring, or its room's, says that it does not know."""
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    for sentence in re.findall(r"(?:[Kk]nows|know) (?:no|neither|nothing of) ([^.;:]+)", " ".join(docstring.split())):
        yield from (word.strip() for word in re.split(r",|\bno\b|\bnor\b|\band\b|\bor\b", sentence) if word.strip())


@pytest.mark.parametrize("file", [file for file in EVERY if any(claims(file))], ids=name)
def test_what_a_module_says_it_does_not_know_it_does_not_import(file: Path) -> None:
    files = file.parent.rglob("*.py") if file.name == "__init__.py" else [file]
    imported = {
        part for each in files for module in imports(each) for part in (module, room(module), module.split(".")[0])
    }
    for claim in claims(file):
        assert claim in UNKNOWN, f"{name(file)} knows no {claim}: say in UNKNOWN which imports that rules out"
        assert UNKNOWN[claim] & imported - {room(name(file))} == set(), f"{name(file)} knows no {claim}"


@pytest.mark.parametrize("file", [*modules("app", "audit", "journal", "registry"), *GROUND], ids=name)
def test_what_serves_imports_nothing_heavy_and_only_the_service_imports_flask(file: Path) -> None:
    roots = {module.split(".")[0] for module in imports(file)}
    path = file.relative_to(ROOT).as_posix()
    assert {heavy for heavy in roots & HEAVY if (path, heavy) not in MAY_BE_HEAVY} == set()
    if not path.startswith("app/"):
        assert "flask" not in roots


def test_serving_a_prediction_loads_neither_tensorflow_nor_training(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from app import create_app
from app.settings import Settings
from tests.conftest import publish
folder = Path(sys.argv[1])
publish(folder / "models")
client = create_app(Settings(models=folder / "models", logs=folder / "logs")).test_client()
assert client.post("/predict_json", json=[6, 250, 66.5]).status_code == 200
assert client.get("/form").status_code == 200
for _ in range(1100):  # the ring of the metrics is added up
    client.post("/predict_json", json=[6, 250, 66.5])
assert "numpy.ma" not in sys.modules  # 9 MB in each worker
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"ai_edge_litert", "flask", "registry"} <= loaded
    assert loaded & (HEAVY | {"train", "monitor", "audit"}) == set()


def test_no_module_names_an_input_of_the_shipped_model() -> None:
    files = (file for package in (*PACKAGES, "templates") for file in (ROOT / package).rglob("*"))
    for file in files:
        if file.suffix in {".py", ".html", ".jinja", ".js"}:
            named = re.findall(r"""["'\s](?:rm|rooms|tax|medv)["'\s]|["']age["']""", file.read_text())
            assert named == [], file


def test_a_prediction_changes_file_a_few_times_only(client: FlaskClient) -> None:
    client.post("/predict_json", json=[6, 250, 66.5])  # files are opened by the first one
    calls = trace(lambda: client.post("/predict_json", json=[6, 250, 66.5]))
    assert len(calls) <= MAX_CHANGES_OF_FILE, "\n".join(map(str, calls))
