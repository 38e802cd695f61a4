"""The house: which package may know which. Arrows run train -> registry <- app -> journal <- monitor -> registry."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "app": {"journal", "registry"},
    "audit": {"journal", "registry"},
    "journal": set(),
    "monitor": {"journal", "registry"},
    "registry": set(),
    "train": {"registry"},
}
HEAVY = {"tensorflow", "keras", "pandas", "sklearn", "matplotlib"}
# Imported when somebody asks for it: the reference runtime, and a plot.
MAY_BE_HEAVY = {("registry/predictor.py", "keras"), ("monitor/compare.py", "matplotlib")}


def imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_knows_only_those_it_may(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        assert imports(file) & ALLOWED.keys() - {package} <= ALLOWED[package], file


@pytest.mark.parametrize("package", ["app", "journal", "registry"])
def test_what_serves_knows_nothing_heavy_and_ground_floors_no_flask(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        assert {heavy for heavy in imports(file) & HEAVY if (name, heavy) not in MAY_BE_HEAVY} == set(), name
        if package != "app":
            assert "flask" not in imports(file), name


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
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"ai_edge_litert", "flask", "registry"} <= loaded
    assert loaded & (HEAVY | {"train", "monitor"}) == set()


def test_no_module_outside_training_names_an_input_of_the_shipped_model() -> None:
    for package in ("app", "journal", "monitor", "registry", "templates"):
        for file in (ROOT / package).rglob("*"):
            if file.suffix in {".py", ".html", ".js"}:
                words = set(file.read_text().replace('"', " ").replace("'", " ").split())
                assert words & {"rm", "tax", "rooms", "medv"} == set(), file
