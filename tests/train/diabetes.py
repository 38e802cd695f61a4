"""A second model that shares nothing with the one this repository ships: scikit-learn's diabetes data, ten inputs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sklearn.datasets import load_diabetes

NUMBERS = ("age", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def write_diabetes(folder: Path) -> Path:
    """Write diabetes.csv and diabetes.toml into an existing folder. Returns the path of the spec."""
    table = load_diabetes(as_frame=True, scaled=False).frame
    data = folder / "diabetes.csv"
    table.to_csv(data, index=False)
    inputs = [_number(name, *table[name].agg(["min", "max"])) for name in NUMBERS]
    inputs.insert(1, '[[inputs]]\nname = "sex"\nlabel = "Sex"\ncategories = [1, 2]\ncategory_labels = ["one", "two"]\n')
    spec = folder / "diabetes.toml"
    spec.write_text(
        _TOP.format(sha256=hashlib.sha256(data.read_bytes()).hexdigest()) + "\n".join(inputs), encoding="utf-8"
    )
    return spec


def _number(name: str, low: float, high: float) -> str:
    return f'[[inputs]]\nname = "{name}"\nlabel = "{name.upper()}"\nlimits = [{min(0, low):g}, {high * 2:g}]\n'


_TOP = """\
model = "diabetes"
title = "Progression of diabetes after one year"
seed = 42

[data]
file = "diabetes.csv"
sha256 = "{sha256}"

[label]
column = "target"
name = "progression"
label = "Progression"
plausible = [-200, 600]

[split]
test = 0.2

[fit]
architecture = "linear"
steps = 300
learning_rate = 0.3

[judge]
folds = 3
bootstrap = 200
slices = ["sex"]

[gates]
parity = 1e-5
test_vs_mean = 0.9
test_vs_least_squares = 1.001

"""
