"""What the child process makes of fitted files: each is opened as the child opens it, or refused with what to do."""

from __future__ import annotations

import io
import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.predictor import MODEL_FILES, Float32Array, Runtime, load_predictor
from train.exports import tfjs
from train.spec.fitted_file import ModelFile, identify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

INPUTS = [["rm", "rm", "rooms"], ["tax", "tax"], ["age", "age"]]
WEIGHTS = np.array([8, -0.01, -0.03])


@pytest.fixture
def rows() -> Float32Array:
    return np.random.default_rng(0).uniform([3, 100, 0], [9, 700, 100], (50, 3)).astype(np.float32)


def kind_of(path: Path) -> str:
    """The kind, where the content alone would refuse the file before."""
    return {".keras": "keras", ".h5": "h5"}.get(path.suffix, "saved_model")


def ask(path: Path, rows: Float32Array, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the answer of the child's program, run here, which writes into ``folder``."""
    from train.fitted.keras_loader import main

    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "version").mkdir()
    np.save(scratch / "rows.npy", rows)
    task = {
        "file": str(path),
        "kind": kind_of(path),
        "inputs": INPUTS,
        "folder": str(folder / "version"),
        "scratch": str(scratch),
        "timeout": 600,
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(task)))
    try:
        main()
    finally:
        signal.alarm(0)
    answer: dict[str, Any] = json.loads((scratch / "answer.json").read_text())
    return answer


def every_export(folder: Path, rows: Float32Array) -> dict[str, Float32Array]:
    """Return the predictions of each format that is there."""
    import tensorflow as tf

    found = {"saved_model": tf.saved_model.load(str(folder)).signatures["serving_default"]}
    predictions = {"saved_model": found["saved_model"](features=tf.constant(rows))["output_0"].numpy()[:, 0]}
    runtimes: tuple[Runtime, ...] = ("litert", "keras")
    for runtime in runtimes:
        if (folder / MODEL_FILES[runtime]).exists():
            predictions[runtime] = load_predictor((folder / MODEL_FILES[runtime]).read_bytes(), runtime).predict(rows)
    if (folder / "tfjs").exists():
        predictions["tfjs"] = tfjs.recompute(folder / "tfjs", rows)
    return predictions


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("plain.keras", "keras litert saved_model tfjs"),
        ("plain.h5", "keras litert saved_model tfjs"),
        ("dict.keras", "keras litert saved_model"),
        ("list.keras", "keras litert saved_model"),
        ("saved model", "litert saved_model"),
        ("saved dict", "litert saved_model"),
    ],
)
def test_every_format_predicts_what_the_file_does_whatever_the_order_of_its_inputs(
    name: str, formats: str, fitted_files: Path, rows: Float32Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(fitted_files / name, rows, tmp_path, monkeypatch)
    assert answer.get("parameters") == 4, answer
    expected = rows.astype(np.float64) @ WEIGHTS - 20
    np.testing.assert_allclose(np.load(tmp_path / "scratch/predictions.npy"), expected, atol=1e-4)
    exports = every_export(tmp_path / "version", rows)
    assert sorted(exports) == formats.split()
    for predictions in exports.values():
        np.testing.assert_allclose(predictions, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["batch of 8.keras", "integers.keras", "lstm.keras", "float64.keras"])
def test_a_file_of_other_layers_and_types_predicts_the_same_in_each_format_that_it_can_have(
    name: str, fitted_files: Path, rows: Float32Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.floor(rows)
    answer = ask(fitted_files / name, rows, tmp_path, monkeypatch)
    exports = every_export(tmp_path / "version", rows)
    assert ("litert" in exports) == (name in ("batch of 8.keras", "integers.keras"))
    assert list(answer["faults"]) == ([] if "litert" in exports else ["litert"])
    for predictions in exports.values():
        np.testing.assert_allclose(predictions, np.load(tmp_path / "scratch/predictions.npy"), rtol=1e-5, atol=1e-4)


BAD = {
    "two outputs.keras": "has 2 outputs; a regression has one",
    "softmax.keras": "its output has 3 numbers a row; a regression has one",
    "image.keras": "takes (8, 8, 1) a row; a row here is a list of numbers, so put a Reshape layer before it",
    "wide.keras": "takes 13 numbers a row, and the spec has 3 inputs (rm, tax, age)",
    "nan.keras": "a weight is not a finite number: its training diverged; fit it again",
    "steep.keras": "predicts inf for row 1 of the data, and no finite number for 50 rows in all",
    "names.keras": "and the spec the inputs rm, tax, age: each must have one number a row and the name",
    "text.keras": "takes string; a fitted model takes numbers",
    "no shape.keras": "does not say what inputs it takes; call it with data before it is saved",
    "lambda.h5": "contains code, in a layer Lambda; such a file is not opened",
    "own layer.h5": "needs layer Doubled, which Keras does not have; such a file is not opened: make",
    "plain.weights.h5": "holds weights only; save the whole model with model.save('NAME.keras')",
    "saved lstm": "is a SavedModel that LiteRT can't run",
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_can_not_be_served_is_refused_with_what_to_do(
    name: str, fitted_files: Path, rows: Float32Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(fitted_files / name, rows, tmp_path, monkeypatch)
    assert BAD[name] in answer.get("error", answer)


@pytest.mark.parametrize(
    ("name", "message"), [("lambda.keras", "a layer Lambda"), ("own layer.keras", "needs the class Doubled")]
)
def test_what_keras_writes_of_code_is_known_before_it_is_opened(name: str, message: str, fitted_files: Path) -> None:
    with pytest.raises(Exception, match=message):
        identify(fitted_files / name)
    assert isinstance(identify(fitted_files / "plain.keras"), ModelFile)


def test_hdf5_that_is_damaged_is_refused(
    fitted_files: Path, rows: Float32Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "damaged.h5"
    path.write_bytes((fitted_files / "plain.h5").read_bytes()[:4000])
    assert ask(path, rows, tmp_path, monkeypatch)["error"].startswith("Keras can't open it (OSError: ")
