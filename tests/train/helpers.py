"""Trainings for the tests: a small one of 60 rows, one of scikit-learn's diabetes data, and one of any data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes

from train.spec.toml_writer import format_toml

SETTINGS = """
[split]
test = 0.2

[fit]
architecture = "linear"
steps = 400
learning_rate = 0.3

[judge]
folds = 3
bootstrap = 100
slices = ["{slice}"]

[gates]
parity = 1e-5
test_vs_mean = 0.9
"""
SMALL_SPEC = """\
model = "small"
title = "A small model"
seed = 1

[data]
file = "small.csv"
sha256 = "{sha256}"

[[inputs]]
name = "width"
label = "Width"
unit = "m"
limits = [-10, 10]

[[inputs]]
name = "kind"
label = "Kind"
categories = [0, 1, 5]

[label]
column = "price"
label = "Price"
unit = "$"
plausible = [-1000, 1000]
""" + SETTINGS.replace("{slice}", "year")
DIABETES_SPEC = (
    """\
model = "diabetes"
title = "Progression of diabetes after one year"
seed = 42
data = {file = "diabetes.csv", sha256 = "{sha256}"}
label = {column = "target", name = "progression", label = "Progression", plausible = [-200, 600]}
"""
    + SETTINGS.replace("{slice}", "sex")
    + "test_vs_least_squares = 1.001\ninterval_worst_third = 0.18\ninterval_worst_slice = 0.2\ninterval_width = 1.05\n"
)


def small_table() -> list[list[str]]:
    """Return a header and 60 rows without noise. The effects of the three kinds are not in the order of their codes."""
    generator = np.random.default_rng(0)
    effect = {0: 10.0, 1: -40.0, 5: 25.0}
    table = [["width", "year", "kind", "price"]]
    for number in range(60):
        width, kind = round(float(generator.uniform(-9, 9)), 3), (0, 1, 5)[number % 3]
        table.append([str(width), str(1990 + number), str(kind), repr(3 * width + effect[kind])])
    return table


def to_csv(table: list[list[str]]) -> str:
    """Return the table as CSV, without quoting."""
    return "".join(",".join(row) + "\n" for row in table)


def write_small(folder: Path, spec: str = SMALL_SPEC, data: str | bytes | None = None) -> Path:
    """Write small.csv and small.toml into a folder. Return the path of the spec."""
    if data is None:
        data = to_csv(small_table())
    content = data.encode() if isinstance(data, str) else data
    (folder / "small.csv").write_bytes(content)
    path = folder / "small.toml"
    path.write_text(spec.replace("{sha256}", hashlib.sha256(content).hexdigest()))
    return path


def write_spec(
    folder: Path,
    content: str | bytes,
    inputs: Sequence[Mapping[str, object]],
    *,
    data: Mapping[str, object] | None = None,
    label: Mapping[str, object] | None = None,
    slices: Sequence[str] = (),
) -> Path:
    """Write data.csv and a spec of it into a folder. Return the path of the spec.

    Args:
        inputs: their keys; each has its name as label.
        data, label: further keys of `[data]` and `[label]`; the label is the column price.
    """
    file = folder / "data.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    spec = {
        "model": "flats",
        "title": "Flats",
        "seed": 1,
        "data": {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), **(data or {})},
        "inputs": [{"label": str(item["name"]), **item} for item in inputs],
        "label": {"column": "price", "label": "Price", "plausible": [-1000, 1000], **(label or {})},
        "split": {"test": 0.2},
        "fit": {"architecture": "linear", "steps": 10, "learning_rate": 0.3},
        "judge": {"folds": 3, "bootstrap": 100, "slices": list(slices)},
        "gates": {"parity": 1e-5, "test_vs_mean": 0.9},
    }
    path = folder / "spec.toml"
    path.write_text(format_toml(spec), encoding="utf-8")
    return path


def write_diabetes(folder: Path) -> Path:
    """Write diabetes.csv and diabetes.toml, with ten inputs, into a folder. Return the path of the spec."""
    table = load_diabetes(as_frame=True, scaled=False).frame
    data = folder / "diabetes.csv"
    table.to_csv(data, index=False)
    parts = [DIABETES_SPEC.replace("{sha256}", hashlib.sha256(data.read_bytes()).hexdigest())]
    for name in table.columns.drop("target"):
        values = f"limits = [{min(0, table[name].min()):g}, {table[name].max() * 2:g}]"
        if name == "sex":
            values = 'categories = [1, 2]\ncategory_labels = ["one", "two"]'
        parts.append(f'[[inputs]]\nname = "{name}"\nlabel = "{name.title()}"\n{values}\n')
    path = folder / "diabetes.toml"
    path.write_text("\n".join(parts))
    return path


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder, by its path from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
