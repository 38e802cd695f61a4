"""What a training of a large file takes, and how well it predicts beside scikit-learn's models.

    .venv/bin/python -m benchmarks.training_size [--rows 1000000] [--members 3] [--steps 2000] > table.md

Makes a CSV file of 14 numbers, one with missing cells, and five columns of text; trains on it as the command does, in a
process of its own; prints wall time, CPU time and the peak of the memory. The label has noise of standard deviation 1,
so no model can have a smaller RMSE. The two rivals get the same training and test rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

ROOT = Path(__file__).parent.parent
NUMBERS, TEXTS, MISSING = [f"n{number}" for number in range(14)], [f"t{number}" for number in range(5)], "n13"
LEVELS = (2, 4, 8, 20, 50)  # of each column of text
SEED = 42


def make_table(rows: int) -> pd.DataFrame:
    """Return a table of so many rows."""
    generator = np.random.default_rng(SEED)
    numbers = generator.normal(0, 1, (rows, len(NUMBERS)))
    codes = np.column_stack([generator.integers(0, levels, rows) for levels in LEVELS])
    effects = [generator.normal(0, 1, levels) for levels in LEVELS]
    label = 3 * np.sin(2 * numbers[:, 0]) + numbers[:, 1] * numbers[:, 2] + np.abs(numbers[:, 3]) + numbers[:, 4]
    label += sum(effect[codes[:, column]] for column, effect in enumerate(effects)) + generator.normal(0, 1, rows)
    table = pd.DataFrame(numbers.round(5), columns=NUMBERS)
    table.loc[generator.random(rows) < 0.1, MISSING] = np.nan
    for column, name in enumerate(TEXTS):
        table[name] = pd.Categorical.from_codes(codes[:, column], [f"{name} {code}" for code in range(LEVELS[column])])
    table["label"] = label.round(5)
    return table


def write_spec(folder: Path, members: int, steps: int) -> Path:
    """Write the spec of large.csv into its folder. Return its path."""
    digest = hashlib.sha256((folder / "large.csv").read_bytes()).hexdigest()
    parts = [
        f'model = "large"\ntitle = "A large file"\nseed = {SEED}\n[data]\nfile = "large.csv"\nsha256 = "{digest}"\n',
        '[label]\ncolumn = "label"\nlabel = "Label"\nplausible = [-100, 100]\n[split]\ntest = 0.2\n',
        f'[fit]\narchitecture = "mlp"\nsteps = {steps}\nmembers = {members}\nlearning_rate = 0.003\n',
        'hidden = [128, 64]\nweight_decay = 0.3\nactivation = "relu"\nskip = true\nquantiles = 16\n',
        "[judge]\nfolds = 5\nbootstrap = 1000\n[gates]\nparity = 1e-5\ntest_vs_mean = 0.9\n",
    ]
    for name in NUMBERS:
        missing = 'missing = "median"\nindicator = true\n' if name == MISSING else ""
        parts.append(f'[[inputs]]\nname = "{name}"\nlabel = "{name}"\nlimits = [-10, 10]\n{missing}')
    for name, levels in zip(TEXTS, LEVELS, strict=True):
        texts = json.dumps([f"{name} {code}" for code in range(levels)])
        parts.append(f'[[inputs]]\nname = "{name}"\nlabel = "{name}"\ncategories = {texts}\n')
    path = folder / "large.toml"
    path.write_text("\n".join(parts))
    return path


def measure(spec: Path, models: Path) -> dict[str, float]:
    """Train in a child process. Return its wall time and CPU time, in s, and the peak of its memory, in MB."""
    started = time.monotonic()
    environ = {**os.environ, "SERVE_MODELS": str(models)}
    process = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-m", "train", str(spec)], environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit("the training failed")
    wall = time.monotonic() - started
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}


def rivals(table: pd.DataFrame) -> dict[str, float]:
    """Return the test RMSE of scikit-learn's models on the same split as the training."""
    train, test = train_test_split(np.arange(len(table)), test_size=0.2, random_state=SEED)
    columns = [("text", OneHotEncoder(), TEXTS), ("number", SimpleImputer(add_indicator=True), NUMBERS)]
    models = {
        "LinearRegression": make_pipeline(ColumnTransformer(columns), LinearRegression()),
        "HistGradientBoostingRegressor": HistGradientBoostingRegressor(
            categorical_features="from_dtype", random_state=SEED
        ),
    }
    found = {}
    for name, model in models.items():
        model.fit(table.iloc[train].drop(columns="label"), table["label"].iloc[train])
        errors = table["label"].iloc[test] - model.predict(table.iloc[test].drop(columns="label"))
        found[name] = float(np.sqrt(np.mean(errors**2)))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = make_table(options.rows)
        table.to_csv(folder / "large.csv", index=False)
        size = (folder / "large.csv").stat().st_size / 1e6
        took = measure(write_spec(folder, options.members, options.steps), folder / "models")
        card = json.loads((folder / "models/large/1/card.json").read_text())
        print(f"\n{len(table):,} rows, {table.shape[1]} columns, {size:.0f} MB\n")
        print("| wall, s | CPU, s | peak, MB |\n| --- | --- | --- |")
        print(f"| {took['wall']:.0f} | {took['cpu']:.0f} | {took['memory']:.0f} |\n")
        print("| model | test RMSE |\n| --- | --- |")
        for model, error in {"this model": card["metrics"]["rmse"], **rivals(table)}.items():
            print(f"| {model} | {error:.3f} |")


if __name__ == "__main__":
    main()
