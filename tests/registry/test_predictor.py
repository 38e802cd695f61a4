"""The runtimes: right predictions, from many threads, and after a failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from registry import RegistryError, VersionStore
from registry.predictor import LiteRT
from tests.conftest import TRICKY, publish


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


def test_a_model_file_that_no_runtime_can_read_is_refused(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"no model")
    publish(tmp_path / "models", model_file=rubbish)
    with pytest.raises(RegistryError, match="litert can't open the model"):
        VersionStore(tmp_path / "models", "boston").open(1)


def test_a_model_that_failed_says_so_in_the_same_words_each_time_and_goes_on() -> None:
    model = LiteRT(TRICKY.read_bytes())
    said = set()
    for _ in range(3):
        with pytest.raises(RuntimeError, match="out of bounds") as caught:
            model.predict(np.array([[12.5, 250, 66.5]], dtype=np.float32))
        said.add(str(caught.value))
        assert model.predict(np.array([[6, 250, 66.5]], dtype=np.float32)) == pytest.approx(23.505, abs=1e-4)
    assert len(said) == 1
