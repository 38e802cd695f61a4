"""Shapley values equal those of the shap library's exact explainer, over models that were really trained."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from app.inference.explainer import Explainer, pick_background
from app.inference.shapley import list_coalitions, weigh_coalitions
from registry import VersionStore

pytestmark = pytest.mark.slow


def test_weights_share_the_gain_of_all_inputs_over_none() -> None:
    for count in (1, 3, 10):
        weights = weigh_coalitions(list_coalitions(count))
        assert weights.shape == (count, 1 << count)
        assert weights.sum(axis=1) == pytest.approx(0, abs=1e-12)
        assert weights.sum(axis=0)[[0, -1]] == pytest.approx([-1, 1])
        assert weights.sum(axis=0)[1:-1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("model", "number", "inputs"), [("boston", 1, 3), ("boston", 3, 3), ("diabetes", 1, 10)])
@pytest.mark.usefixtures("diabetes")
def test_explanations_equal_those_of_the_shap_library(published: Path, model: str, number: int, inputs: int) -> None:
    if sys.platform != "linux":
        pytest.skip("NOT TESTED: equality with shap, because its dependencies are installed on Linux only")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        import shap
    store = VersionStore(published, model)
    predictor = store.open(number).predictor
    reference = np.array(store.reference(number), dtype=np.float32)
    background, rows = pick_background(predictor, reference), reference[:: len(reference) // 5][:5]
    assert background.shape == (min(len(reference), (1 << 18) >> inputs), inputs)

    def predict(batch: np.ndarray) -> np.ndarray:
        return predictor.predict(np.asarray(batch, dtype=np.float32)).astype(np.float64)

    masker = shap.maskers.Independent(background, max_samples=len(background))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # numba's, when it compiles
        expected = shap.explainers.Exact(predict, masker)(rows)
    found = Explainer(predictor, background).explain(rows)
    assert [item.base for item in found] == pytest.approx(expected.base_values, abs=1e-4)
    np.testing.assert_allclose([item.contributions for item in found], expected.values, atol=1e-4)
    for item, prediction in zip(found, predictor.predict(rows), strict=True):
        assert item.base + item.contributions.sum() == pytest.approx(prediction, abs=1e-4)
