"""A Keras file that somebody has already: from the script of a tutorial to a version that answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from registry import Actor, VersionStore
from registry.promotion import promote
from tests.conftest import Command
from tests.e2e.server import run, serving, wait_until
from tests.train.fitted_files import TUTORIAL, write_spec


def train(command: Command, models: Path, spec: Path) -> str:
    """Run the training. Return what it prints."""
    process = command(models, spec)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return out


def test_the_file_of_a_tutorial_becomes_a_version_that_answers_as_the_file_does(
    tutorial: Path, tmp_path: Path, command: Command
) -> None:
    shutil.copy(tutorial / "norm.boston.model.keras", tmp_path)
    expected = float((tutorial / "printed").read_text())
    models = tmp_path / "models"
    printed = train(command, models, write_spec(tmp_path, 'file = "norm.boston.model.keras"'))
    assert printed.startswith("fitted version 1, champion\n")
    assert re.search(r"^this model +\d+\.\d{3} +–$", printed, re.MULTILINE)  # it can't be cross-validated

    card = VersionStore(models, "fitted").card(1)
    assert card["fitted"]["file"] == "norm.boston.model.keras"
    assert card["fitted"]["training_rows"] == "unknown"
    assert (card["cv"], card["interval"], card["runtime_faults"]) == (None, None, {})
    assert set(card["parity"]["differences"]) == {"keras", "saved_model", "litert", "tfjs"}
    assert "which rows it was fitted to is not known" in VersionStore(models, "fitted").model_card(1)

    with serving(models, workers=1, SERVE_MODEL="fitted") as server:
        url = f"{server.url}/predict_json"
        curl = ["curl", "--silent", url, "-H", "Content-Type: application/json", "-d", "[6, 250, 66.5]"]
        reply = json.loads(subprocess.run(curl, capture_output=True, text=True, check=True).stdout)
        assert reply["prediction"] == pytest.approx(expected, abs=1e-4)
        for page in ("/models/fitted/1", "/form", "/browser", "/"):
            assert server.status(page) == 200, page
        status, explained = server.ask(b"[6, 250, 66.5]", "/predict_json?explain=1")
        assert (status, explained["prediction"]) == (200, reply["prediction"])


def test_a_model_that_litert_can_not_run_is_served_by_keras_and_the_other_runtime_says_so(
    fitted_files: Path, tmp_path: Path, command: Command
) -> None:
    shutil.copy(fitted_files / "lstm.keras", tmp_path)
    models = tmp_path / "models"
    spec = write_spec(tmp_path, 'file = "a.keras"', "test_vs_mean = 1.0")
    spec.write_text(
        spec.read_text().replace("test_vs_mean = 1.0", "test_vs_mean = 1").replace("[0, 100]", "[-99, 100]")
    )
    fit = (
        "model = keras.models.load_model('lstm.keras')\nmodel.layers[-1].bias.assign([22.0])\n"
        "model.compile(keras.optimizers.Adam(0.02), 'mse')\n"
        "model.fit(table[['rm', 'tax', 'age']], table['medv'], epochs=20, verbose=0)\n"
        "model.save('a.keras')\n"
    )
    script = TUTORIAL.partition("model = ")[0] + fit
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    for number in (1, 2):
        assert f"fitted version {number}" in train(command, models, spec)
    store = VersionStore(models, "fitted")
    assert not (store.folder / "1" / "model.tflite").exists()
    assert "Select TensorFlow op" in store.card(1)["runtime_faults"]["litert"]
    assert "| Can't be run by | litert: Select TensorFlow op" in store.model_card(1)

    results = promote(store, 2, "champion", Actor("tests"), override=True)  # its gates are measured in Keras
    assert {gate.name: gate.passed for gate in results if gate.name != "latency"} == {
        "parity": True,
        "test_vs_mean": True,
        "test_vs_champion": True,
        "reference_data": True,
    }
    for runtime in ("litert", "keras"):
        done = run("registry", "shadow", "1", SERVE_MODELS=str(models), SERVE_MODEL="fitted", SERVE_RUNTIME=runtime)
        assert (done.returncode, "set SERVE_RUNTIME=keras to serve it" in done.stderr) == (0, runtime == "litert")
    done = run("registry", "rollback", SERVE_MODELS=str(models), SERVE_MODEL="fitted", SERVE_RUNTIME="litert")
    assert (done.returncode, "set SERVE_RUNTIME=keras to serve it" in done.stderr) == (0, True)
    promote(store, 2, "champion", Actor("tests"), override=True)
    with serving(models, workers=1, wait=False, SERVE_MODEL="fitted") as server:
        wait_until(lambda: server.status("/health/live") == 200, "a live server")
        status, reply = server.ask(b"[6, 250, 66.5]")
        assert status == 503
        assert "has no model.tflite, because litert can't run this model; set SERVE_RUNTIME=keras" in reply["error"]
    with serving(models, workers=1, SERVE_MODEL="fitted", SERVE_RUNTIME="keras") as server:
        status, reply = server.ask(b"[6, 250, 66.5]")
        assert status == 200
        row = store.open(2).predictor.predict(np.array([[6, 250, 66.5]], dtype=np.float32))
        assert reply["prediction"] == pytest.approx(float(row[0]), abs=1e-4)
        for page in ("/models/fitted/2", "/form", "/"):
            assert server.status(page) == 200, page
        assert "No browser can run version 2" in server.request("GET", "/browser")[1]
