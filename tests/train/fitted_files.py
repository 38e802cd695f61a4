"""Fitted files for the tests, good and bad, and a spec that takes one. Making them needs Keras."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What people write on a first day with Keras.
TUTORIAL = f"""
import keras
import pandas as pd

keras.utils.set_random_seed(1)
table = pd.read_csv({str(ROOT / "train/data/boston.csv")!r})
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse")
model.fit(table[["rm", "tax", "age"]], table["medv"], epochs=100, verbose=0)
model.save("norm.boston.model.keras")
print(float(model.predict(table[["rm", "tax", "age"]].head(0).reindex([0]).assign(rm=6, tax=250, age=66.5))[0, 0]))
"""


def write_spec(folder: Path, fit: str, gates: str = "test_vs_mean = 1.0", name: str = "fitted") -> Path:
    """Write a spec of the Boston data with another `[fit]`. Return its path."""
    text = (ROOT / "train/boston.toml").read_text().replace('"data/', f'"{ROOT}/train/data/')
    start, rest = text.split("[fit]")
    judge = rest[rest.index("[judge]") : rest.index("[gates]")]
    path = folder / f"{name}.toml"
    head = start.replace('model = "boston"', f'model = "{name}"')
    path.write_text(f"{head}[fit]\n{fit}\n\n{judge}[gates]\nparity = 1e-4\n{gates}\n")
    return path


def archive(path: Path, config: Any, **members: bytes) -> Path:
    """Write a .keras file by hand: of this config, with weights that nobody gets to read."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {"config.json": json.dumps(config).encode(), "model.weights.h5": b"x", **members}.items():
            file.writestr(name, content)
    return path


def run_tutorial(folder: Path) -> None:
    """Run the tutorial's script, which saves its file. `printed` gets its prediction for [6, 250, 66.5]."""
    done = subprocess.run([sys.executable, "-c", TUTORIAL], cwd=folder, capture_output=True, text=True, check=True)
    (folder / "printed").write_text(done.stdout.strip().splitlines()[-1])


def make_files(folder: Path) -> None:
    """Write models of three inputs as Keras saves them, by a name each; in a process of its own, for its warnings."""
    program = (
        "import sys; from pathlib import Path; from tests.train.fitted_files import _make; _make(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=ROOT, check=True, capture_output=True)


def _make(folder: Path) -> None:
    import keras
    import numpy as np

    keras.utils.set_random_seed(1)
    layers, ops = keras.layers, keras.ops

    def row(size: int = 3, **options: Any) -> Any:
        return keras.Input((size,), **options)

    def sequential(*parts: Any) -> Any:
        return keras.Sequential(list(parts))

    def columns(*names: str, shape: tuple[int, ...] = (1,)) -> dict[str, Any]:
        return {name: keras.Input(shape, name=name) for name in names}

    weights = [np.array([[8.0], [-0.01], [-0.03]]), np.array([-20.0])]
    plain = sequential(row(), layers.Dense(1))
    plain.set_weights(weights)
    by_name = columns("age", "rooms", "tax")  # in no order of the spec, and with an alias
    ordered = layers.Concatenate()([by_name["rooms"], by_name["tax"], by_name["age"]])
    named = keras.Model(by_name, layers.Dense(1, name="line")(ordered))
    named.get_layer("line").set_weights(weights)
    as_list = columns("tax", "age", "rm", shape=())
    stacked = ops.stack([as_list["rm"], as_list["tax"], as_list["age"]], axis=1)
    listed = keras.Model(list(as_list.values()), ops.reshape(layers.Dense(1, name="line")(stacked), (-1,)))
    listed.get_layer("line").set_weights(weights)
    one, whole = row(), row(dtype="int32")
    other_names = columns("a", "b", "c")
    broken = sequential(row(), layers.Dense(1))
    broken.set_weights([np.full((3, 1), np.nan), np.zeros(1)])
    steep = sequential(row(), layers.Dense(1, activation="exponential"))
    steep.set_weights([np.full((3, 1), 50.0), np.zeros(1)])
    text = keras.Input((1,), dtype="string")
    frozen = keras.Input(batch_shape=(8, 3))

    models = {
        "plain": plain,
        "dict": named,
        "list": listed,
        "batch of 8": keras.Model(frozen, layers.Dense(1)(frozen)),
        "integers": keras.Model(whole, layers.Dense(1)(layers.Flatten()(layers.Embedding(1000, 2)(whole)))),
        "lstm": sequential(row(), layers.Reshape((3, 1)), layers.LSTM(4), layers.Dense(1)),
        "float64": sequential(row(dtype="float64"), layers.Dense(1, dtype="float64")),
        "two outputs": keras.Model(one, [layers.Dense(1)(one), layers.Dense(1)(one)]),
        "softmax": sequential(row(), layers.Dense(3, activation="softmax")),
        "image": sequential(keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)),
        "wide": sequential(row(13), layers.Dense(1)),
        "nan": broken,
        "steep": steep,
        "names": keras.Model(other_names, layers.Dense(1)(layers.Concatenate()(list(other_names.values())))),
        "text": keras.Model(text, layers.Dense(1)(layers.StringLookup(vocabulary=["a"], output_mode="one_hot")(text))),
        "no shape": sequential(layers.Dense(1)),
        "lambda": sequential(row(), layers.Lambda(lambda x: x * 2), layers.Dense(1)),
    }
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
    plain.save(folder / "plain.h5")
    models["lambda"].save(folder / "lambda.h5")
    plain.save_weights(folder / "plain.weights.h5")
    plain.export(folder / "saved model", verbose=False)
    named.export(folder / "saved dict", verbose=False)
    models["lstm"].export(folder / "saved lstm", verbose=False)

    class Doubled(layers.Layer):  # type: ignore[misc]  # keras has no types
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    for suffix in ("keras", "h5"):
        sequential(row(), Doubled(), layers.Dense(1)).save(folder / f"own layer.{suffix}")
