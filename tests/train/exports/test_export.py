"""The exports: every format predicts the same, judged by its own runtime or by its file format alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import VersionStore
from registry.predictor import LiteRT
from tests.train.mixed import INPUTS, mixed
from train.dataset import load_dataset
from train.exports import tfjs
from train.networks.fitting import Examples
from train.spec import FitConfig, read_spec

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


@pytest.mark.parametrize("number", [1, 3], ids=["linear", "mlp"])
def test_every_export_predicts_the_same_for_every_row(published: Path, number: int) -> None:
    import tensorflow as tf

    store = VersionStore(published, "boston")
    folder = store.folder / str(number)
    rows = load_dataset(read_spec(Path("train/boston.toml"))).inputs.astype(np.float32)
    expected = store.open(number, "keras").predictor.predict(rows)
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    for batch in (rows, rows[:1]):
        predictions = serve(features=tf.constant(batch))["output_0"].numpy().reshape(len(batch))
        np.testing.assert_allclose(predictions, expected[: len(batch)], rtol=0, atol=1e-4)
    np.testing.assert_allclose(store.open(number).predictor.predict(rows), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(tfjs.recompute(folder / "tfjs", rows), expected, rtol=0, atol=1e-4)
    assert max(store.card(number)["parity"]["differences"].values()) < 1e-4


CONFIG = FitConfig("mlp", 50, 0.01, hidden=(16, 8), weight_decay=0.3, members=3)
ARCHITECTURES = {
    "ridge": FitConfig("ridge", 1, 0.0, penalty=1.0),
    "linear": FitConfig("linear", 50, 0.3),
    "tanh": CONFIG,
    "relu": replace(CONFIG, activation="relu", skip=True, quantiles=16),
    "relu-batch": replace(CONFIG, activation="relu", hidden=(32,), members=1, batch=64),
}


@pytest.mark.parametrize("log_label", [False, True], ids=["label", "log"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_exports_of_texts_and_missing_values_predict_the_same(tmp_path: Path, name: str, log_label: bool) -> None:
    from train.exports.export import export_differences, write_exports
    from train.networks.network import fit_network, predict

    rows, label = mixed(2000)
    rows[:, 4] = np.arange(2000) % 5  # with the code 0 too, that few rows of the training have
    train = slice(1, 500)
    model = fit_network(Examples(INPUTS, rows[train], label[train], log_label), ARCHITECTURES[name], 1)
    write_exports(model, tmp_path)
    differences = export_differences(predict(model, rows), tmp_path, rows)
    assert max(differences.values()) <= 1e-5 * label.std()
    litert = LiteRT((tmp_path / "model.tflite").read_bytes())
    found = [float(litert.predict(row[np.newaxis].astype(np.float32))[0]) for row in rows[:50]]
    np.testing.assert_allclose(found, predict(model, rows[:50]), rtol=0, atol=1e-5 * label.std())
    layers = json.loads((tmp_path / "tfjs/model.json").read_bytes())["modelTopology"]["config"]["layers"]
    assert {layer["class_name"] for layer in layers} == {"InputLayer", "Dense"}


def test_the_cpp_loader_predicts_texts_and_missing_values_as_keras_does(tmp_path: Path) -> None:
    import tensorflow as tf

    from train.exports.export import write_exports
    from train.networks.network import fit_network, predict

    rows, label = mixed(5000)
    model = fit_network(Examples(INPUTS, rows[:500], label[:500]), ARCHITECTURES["relu"], 1)
    write_exports(model, tmp_path / "1")
    serve = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    np.save(tmp_path / "rows.npy", rows.astype(np.float32))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.train.exports.saved_model_in_c"),
            str(Path(tf.sysconfig.get_lib(), "libtensorflow_cc.so.2")),
            str(tmp_path / "1"),
            *_operations(tmp_path / "1"),
            *(str(tmp_path / name) for name in ("rows.npy", "found.npy")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npy")[:, 0]
    np.testing.assert_allclose(found, predict(model, rows), rtol=0, atol=1e-5 * label.std())
    np.testing.assert_array_equal(found, serve(features=rows.astype(np.float32))["output_0"].numpy()[:, 0])


def _operations(folder: Path) -> tuple[str, str]:
    """Return which operations of a SavedModel's graph take the rows and give the predictions."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    content = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    signature = content.meta_graphs[0].signature_def["serving_default"]
    names = signature.inputs["features"].name, signature.outputs["output_0"].name
    assert all(name.endswith(":0") for name in names)
    return names[0][:-2], names[1][:-2]


def test_an_export_that_predicts_no_number_is_no_close_one(tmp_path: Path) -> None:
    from train.exports.export import export_differences, write_exports
    from train.networks.network import fit_network, predict

    rows, label = mixed(100)
    model = fit_network(Examples(INPUTS, rows, label), ARCHITECTURES["ridge"], 1)
    write_exports(model, tmp_path)
    weights = tmp_path / "tfjs/weights.bin"
    weights.write_bytes(weights.read_bytes()[:-4] + np.array([np.nan], "<f4").tobytes())
    assert np.isnan(export_differences(predict(model, rows), tmp_path, rows)["tfjs"])
