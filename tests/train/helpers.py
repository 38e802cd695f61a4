"""A training that is small enough for every test: 60 rows, and the spec that describes them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

SPEC = """\
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

[split]
test = 0.2

[fit]
architecture = "linear"
steps = 400
learning_rate = 0.3

[judge]
folds = 3
bootstrap = 100
slices = ["year"]

[gates]
parity = 1e-5
test_vs_mean = 0.9
"""


def rows() -> list[list[str]]:
    """The header and 60 rows; the kinds' effects go up and down, and nothing is left to chance."""
    numbers = np.random.default_rng(0)
    effect = {0: 10.0, 1: -40.0, 5: 25.0}
    table = [["width", "year", "kind", "price"]]
    for number in range(60):
        width, kind = round(float(numbers.uniform(-9, 9)), 3), (0, 1, 5)[number % 3]
        table.append([str(width), str(1990 + number), str(kind), repr(3 * width + effect[kind])])
    return table


def csv(table: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in table)


def write_small(folder: Path, spec: str = SPEC, data: str | bytes | None = None) -> Path:
    """Write small.csv and small.toml into a folder. Returns the path of the spec."""
    content = csv(rows()) if data is None else data
    raw = content.encode() if isinstance(content, str) else content
    (folder / "small.csv").write_bytes(raw)
    file = folder / "small.toml"
    file.write_text(spec.replace("{sha256}", hashlib.sha256(raw).hexdigest()))
    return file
