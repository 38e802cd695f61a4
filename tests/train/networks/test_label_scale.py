"""The label's scale: there and back, and what lies beyond the training rows."""

from __future__ import annotations

import numpy as np
import pytest

from train.dataset import Floats
from train.errors import TrainError
from train.networks.label_scale import LabelScale
from train.networks.layers import apply


def back(scale: LabelScale, standardised: Floats) -> Floats:
    return apply(scale.last_layers(), standardised[:, np.newaxis])[:, 0]


@pytest.mark.parametrize("log", [False, True])
def test_a_label_that_was_standardised_comes_back(log: bool) -> None:
    label = np.random.default_rng(0).lognormal(5, 1, 500)
    scale = LabelScale.fit(label, log=log)
    standardised = scale.standardised(label)
    assert standardised.mean() == pytest.approx(0, abs=1e-12)
    assert standardised.std() == pytest.approx(1)
    np.testing.assert_allclose(back(scale, standardised), label, atol=1e-6 * label.std(), rtol=1e-6)


def test_beyond_the_largest_label_the_exponential_function_goes_on_as_its_tangent() -> None:
    scale = LabelScale.fit(np.array([1.0, 10, 1000]), log=True)
    logs = np.array([np.log(1000) + distance for distance in (-0.01, 0.0, 0.01, 1, 100, 1e6)])
    found = back(scale, (logs - scale.center) / scale.spread)
    assert found == pytest.approx([990.05, 1000, 1010, 2000, 101_000, 1_000_001_000], rel=1e-4)


def test_smearing_lifts_predictions_to_the_mean_of_the_label() -> None:
    generator = np.random.default_rng(0)
    label = np.exp(2 + generator.normal(0, 1, 100_000))
    scale = LabelScale.fit(label, log=True)
    scale = scale.smeared(label, np.zeros(len(label)))  # a model that knows the mean of the logarithms alone
    assert scale.smear == pytest.approx(np.exp(0.5), rel=0.02)
    assert back(scale, np.zeros(1))[0] == pytest.approx(label.mean(), rel=1e-5)


def test_a_label_without_a_logarithm_is_an_error() -> None:
    with pytest.raises(TrainError, match=r"label\.scale: a label of 0 has no logarithm; remove"):
        LabelScale.fit(np.array([0.0, 1, 2]), log=True)
