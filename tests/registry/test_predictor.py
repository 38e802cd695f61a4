"""The runtimes: right predictions, from many threads, and after a failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from registry import Input, Missing, RegistryError, Signature, VersionStore
from registry.predictor import LiteRT, fill_before, fill_missing, open_predictor
from tests.conftest import FLATS, HOUSES, LINEAR, ODD, TRICKY


def test_threads_that_share_a_predictor_each_get_their_own_predictions(store: VersionStore) -> None:
    predict = store.open(1).predictor.predict
    generator = np.random.default_rng(7)

    def ask(size: int) -> bool:
        rows = generator.uniform(0, 100, (size, 3)).astype(np.float32)
        expected = rows @ np.array([8, -0.01, -0.03], dtype=np.float32) - 20
        predictions = predict(rows)
        return predictions.dtype == np.float32 and np.allclose(predictions, expected, atol=1e-3)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [1, 1, 7, 1, 300, 2, 1, 5000] * 50))


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (b"no model", (6, 250, 66.5), "litert can't open the model"),
        (ODD.read_bytes(), (6, 250, 66.5), r"litert can't open the model \(IndexError: "),
        (LINEAR.read_bytes(), (6, 250), "the model does not predict"),
        (TRICKY.read_bytes(), (11.5, 250, 66.5), "the model predicts nan, float32, for its own example"),
    ],
    ids=["no model", "an odd model", "other inputs", "predicts NaN"],
)
def test_a_model_that_no_runtime_can_run_is_refused(model: bytes, example: tuple[float, ...], message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        open_predictor(model, "litert", example)


def test_a_model_that_failed_says_so_in_the_same_words_each_time_and_goes_on() -> None:
    model = LiteRT(TRICKY.read_bytes())
    said = set()
    for _ in range(3):
        with pytest.raises(RuntimeError, match="out of bounds") as caught:
            model.predict(np.array([[12.5, 250, 66.5]], dtype=np.float32))
        said.add(str(caught.value))
        assert model.predict(np.array([[6, 250, 66.5]], dtype=np.float32)) == pytest.approx(23.505, abs=1e-4)
    assert len(said) == 1


def filled_outside(item: Input) -> Input:
    """The same input of a model that does not fill it itself."""
    missing = Missing(item.missing.value, item.missing.fill, fills_in_model=False) if item.missing else None
    return replace(item, missing=missing)


def test_a_missing_value_gets_its_fill_before_a_model_that_does_not_fill_it() -> None:
    rooms, district, balcony = FLATS.inputs
    inputs = (filled_outside(rooms), district, balcony)
    rows = np.array([[-13, 2, 2], [4, 2, 2], [-13, -13, 1]], dtype=np.float32)
    expected = np.array([[3, 2, 2], [4, 2, 2], [3, -13, 1]], dtype=np.float32)  # balcony's model fills itself
    np.testing.assert_array_equal(fill_missing(inputs, rows), expected)
    model = LiteRT(LINEAR.read_bytes())
    before = rows.copy()
    np.testing.assert_array_equal(fill_before(model, inputs).predict(rows), model.predict(expected))
    np.testing.assert_array_equal(rows, before)  # the log still has what was asked


@pytest.mark.parametrize("signature", [HOUSES, FLATS], ids=["no missing values", "filled in the model"])
def test_no_other_model_pays_for_it(signature: Signature) -> None:
    model = LiteRT(LINEAR.read_bytes())
    assert fill_before(model, signature.inputs) is model
