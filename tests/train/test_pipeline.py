"""The whole training: what is published, what it proves, and that a failure leaves nothing behind."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry import Actor, VersionStore
from registry.predictor import open_predictor
from tests.conftest import Command
from tests.train.diabetes import write_diabetes
from tests.train.small import SPEC, write_small
from train.__main__ import main
from train.card import signature
from train.data import load
from train.errors import TrainError
from train.spec import read_spec

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def card(models: Path, number: int) -> dict[str, Any]:
    return VersionStore(models, "boston").card(number)


@pytest.mark.slow
def test_trainings_at_once_get_a_number_each_and_the_first_becomes_champion(published: Path) -> None:
    store = VersionStore(published, "boston")
    assert store.versions() == [1, 2, 3]
    assert store.aliases.read() == {"champion": 1, "challenger": 3}


@pytest.mark.slow
def test_two_processes_train_the_same_weights_to_the_bit(published: Path) -> None:
    first, second = (published / "boston" / number for number in "12")
    assert card(published, 1)["weights_sha256"] == card(published, 2)["weights_sha256"]
    for name in ("model.tflite", "tfjs/weights.bin", "residuals.svg", "predicted_actual.svg", "reference.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.slow
def test_a_version_holds_these_files_and_no_others(published: Path) -> None:
    assert set(tree(published / "boston" / "1")) == {
        "SHA256SUMS",
        "card.json",
        "fingerprint.pb",
        "model.keras",
        "model.tflite",
        "model_card.md",
        "predicted_actual.svg",
        "reference.csv",
        "residuals.svg",
        "saved_model.pb",
        "signature.json",
        "test.csv",
        "tfjs/model.json",
        "tfjs/weights.bin",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    }


@pytest.mark.slow
def test_a_model_card_has_the_sections_of_the_paper_and_says_what_the_data_are(published: Path) -> None:
    text = VersionStore(published, "boston").model_card(1)
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    assert "This is a teaching set and nothing more" in text
    assert "variable `b`" in text
    assert "Slices that were tested: `rm`, `tax`, `age`, `chas`, `lstat`." in text
    assert text.count("\n| `lstat` |") == 4


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_every_export_predicts_the_same_for_every_row(published: Path, number: int) -> None:
    import tensorflow as tf

    folder = published / "boston" / str(number)
    rows = load(read_spec(Path("train/boston.toml"))).inputs.astype(np.float32)
    sealed = VersionStore(published, "boston").check(number)
    expected = open_predictor(sealed, "keras").predict(rows)
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    for part in (rows, rows[:1]):
        answer = serve(features=tf.constant(part))["output_0"].numpy().reshape(len(part))
        np.testing.assert_allclose(answer, expected[: len(part)], rtol=0, atol=1e-4)
    np.testing.assert_allclose(open_predictor(sealed, "litert").predict(rows), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(in_float64(folder / "tfjs", rows), expected, rtol=0, atol=1e-4)
    assert max(card(published, number)["parity"]["differences"].values()) < 1e-4


def in_float64(folder: Path, rows: np.ndarray) -> np.ndarray:
    """The TensorFlow.js model by its format alone: the weights lie one behind the other, in the listed order."""
    model = json.loads((folder / "model.json").read_text())
    assert model["format"] == "layers-model"
    (group,) = model["weightsManifest"]
    raw, at, weights = (folder / group["paths"][0]).read_bytes(), 0, {}
    for item in group["weights"]:
        size = 4 * int(np.prod(item["shape"]))
        weights[item["name"]] = np.frombuffer(raw[at : at + size], "<f4").astype(float).reshape(item["shape"])
        at += size
    assert at == len(raw)
    first, *layers = model["modelTopology"]["config"]["layers"]
    assert (first["class_name"], first["config"]["name"]) == ("InputLayer", "features")
    assert first["config"]["batchInputShape"] == [None, rows.shape[1]]
    values = rows.astype(float)
    for layer in layers:
        assert layer["class_name"] == "Dense"
        name = layer["config"]["name"]
        values = values @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]
        values = {"linear": lambda x: x, "tanh": np.tanh}[layer["config"]["activation"]](values)
    return values.reshape(len(rows))


@pytest.mark.slow
def test_the_card_tells_where_the_model_comes_from_and_how_good_it_is(published: Path) -> None:
    found = card(published, 1)
    spec = Path("train/boston.toml")
    assert found["spec"]["sha256"] == hashlib.sha256(spec.read_bytes()).hexdigest()
    assert found["data"] == {"file": "boston.csv", "sha256": read_spec(spec).data_sha256, "rows": 506}
    assert (found["split"]["training_rows"], found["split"]["test_rows"]) == (404, 102)
    assert found["metrics"]["rmse"] == pytest.approx(6.152, abs=6e-3)
    assert found["cv"]["rmse"] == pytest.approx(6.052, abs=6e-3)
    assert found["intervals"]["rmse"][0] < 6.152 < found["intervals"]["rmse"][1]
    assert set(found["baselines"]) == {"mean", "least_squares", "gradient_boosting"}
    assert {item["column"] for item in found["slices"]} == {"rm", "tax", "age", "chas", "lstat"}
    assert all(gate["passed"] for gate in found["gates"])
    assert set(found["packages"]) == {"python", "tensorflow", "keras", "numpy", "pandas", "scikit-learn"}
    assert found["parameters"] == 4 + 7  # with the 3 means, 3 variances and 1 count of the normalization
    assert datetime.fromisoformat(found["created"]).utcoffset() == datetime.now(UTC).utcoffset()


@pytest.mark.slow
def test_the_challenger_beats_gradient_boosting_on_the_same_folds(published: Path) -> None:
    found = card(published, 3)
    assert found["baselines"]["gradient_boosting"]["cv"]["rmse"] == pytest.approx(5.328, abs=5e-4)
    assert found["cv"]["rmse"] < found["baselines"]["gradient_boosting"]["cv"]["rmse"]


@pytest.mark.slow
def test_reference_csv_holds_the_training_rows_in_full_precision(published: Path) -> None:
    data = load(read_spec(Path("train/boston.toml")))
    with (published / "boston" / "1" / "reference.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["rm", "tax", "age", "medv"]
    expected = np.column_stack([data.inputs, data.label])[data.train]
    np.testing.assert_array_equal(np.array(rows, dtype=float), expected)


@pytest.mark.slow
def test_another_model_trains_into_its_own_folder_without_a_change_of_code(
    published: Path, tmp_path: Path, command: Command
) -> None:
    before = tree(published)
    process = command(published, write_diabetes(tmp_path))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "diabetes version 1, champion" in out
    assert tree(published / "boston") == {
        name.removeprefix("boston/"): content for name, content in before.items() if name.startswith("boston/")
    }
    version = VersionStore(published, "diabetes").open(1)
    assert len(version.signature.inputs) == 10
    assert version.signature.inputs[1].categories == (1, 2)


def test_no_code_knows_the_inputs_of_the_model_that_ships() -> None:
    for file in Path("train").glob("*.py"):
        code = file.read_text()
        for name in ("rm", "tax", "age"):
            assert f'"{name}"' not in code, file
            assert f"'{name}'" not in code, file


def attempt(spec_file: Path, models: Path, fail_at: str = "") -> None:
    """Train in this process; interrupted where the training says that it does ``fail_at``."""
    from train.pipeline import train

    def report(what: str, _: float) -> None:
        if what == fail_at:
            raise KeyboardInterrupt

    spec = read_spec(spec_file)
    data = load(spec)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    store = VersionStore(models, spec.model)
    train(spec, data, signature(spec, data), store, who=Actor("tests"), commit=None, now=now, report=report)


QUICK = SPEC.replace("steps = 400", "steps = 20")


@pytest.mark.slow
def test_a_failed_gate_is_named_and_leaves_models_as_it_was(tmp_path: Path) -> None:
    spec = write_small(tmp_path, QUICK.replace("test_vs_mean = 0.9", "test_vs_mean = 0.001"))
    with pytest.raises(TrainError, match="test_vs_mean is .* and may be 0.001 at most"):
        attempt(spec, tmp_path / "models")
    assert not (tmp_path / "models").exists()

    (tmp_path / "models" / "small").mkdir(parents=True)
    with pytest.raises(TrainError, match="test_vs_mean"):
        attempt(spec, tmp_path / "models")
    assert list((tmp_path / "models" / "small").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("fail_at", ["fitting the model", "exporting", "publishing"])
def test_an_interrupted_training_leaves_nothing(tmp_path: Path, fail_at: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        attempt(write_small(tmp_path, QUICK), tmp_path / "models", fail_at)
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_leaves_nothing(tmp_path: Path, command: Command, sent: int, code: int) -> None:
    process = command(tmp_path / "models", write_small(tmp_path, SPEC.replace("steps = 400", "steps = 1000000")))
    assert process.stderr is not None
    assert process.stderr.readline() == "fitting the model\n"
    os.kill(process.pid, sent)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert not (tmp_path / "models").exists()


def test_a_refusal_is_one_sentence_on_stderr_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_small(tmp_path, SPEC + "luck = 1\n")
    assert main([str(spec)], {"SERVE_MODELS": str(tmp_path / "models")}) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{spec}: gates.luck: this key is not known here; take it out or correct its name\n")
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
def test_models_that_cannot_be_written_are_one_sentence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").write_text("in the way")
    assert main([str(write_small(tmp_path))], {"SERVE_MODELS": str(tmp_path / "models")}) == 1
    expected = f"{tmp_path / 'models' / 'small'}: Not a directory; nothing was published\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.slow
def test_tensorflow_is_not_loaded_before_spec_and_data_were_checked() -> None:
    code = "import sys, train.__main__; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
