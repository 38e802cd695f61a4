"""The exports: every format predicts the same, judged by its own runtime or by its file format alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry import VersionStore
from train import tfjs
from train.dataset import load_dataset
from train.spec import read_spec

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
