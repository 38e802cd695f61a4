"""The exports: every format predicts the same, judged by its own runtime or by its file format alone."""

from __future__ import annotations

import json
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


def test_an_export_that_predicts_no_number_is_no_close_one(tmp_path: Path) -> None:
    from train.exports.export import export_differences, write_exports
    from train.networks.network import fit_network, predict

    rows, label = mixed(100)
    model = fit_network(Examples(INPUTS, rows, label), ARCHITECTURES["ridge"], 1)
    write_exports(model, tmp_path)
    weights = tmp_path / "tfjs/weights.bin"
    weights.write_bytes(weights.read_bytes()[:-4] + np.array([np.nan], "<f4").tobytes())
    assert np.isnan(export_differences(predict(model, rows), tmp_path, rows)["tfjs"])
