"""Gates that the chosen network passes with a margin, and a worse one does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.helpers import write_diabetes, write_spec
from train.dataset import Dataset, Floats, load_dataset
from train.evaluation import PredictFunction, evaluate, sample_folds
from train.evaluation.baselines import baselines
from train.evaluation.gates import MetricGate, measure_gates
from train.evaluation.interval_figures import intervals_of
from train.evaluation.slices import evaluate_slices
from train.init.candidates import Candidate, Chosen
from train.init.gate_limits import measure
from train.networks.fitting import Examples, fit_layers
from train.spec import FitConfig, GateLimits, Spec, read_spec
from train.spec.gates import LARGEST_LIMIT

RIDGE = FitConfig("ridge", 1, 0.0, penalty=1.0)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    return read_spec(write_diabetes(tmp_path_factory.mktemp("diabetes")))


def gates(spec: Spec, data: Dataset, config: FitConfig, limits: GateLimits) -> list[MetricGate]:
    """Return the gates as a training measures them."""

    def fit(rows: Floats, label: Floats) -> PredictFunction:
        return fit_layers(Examples(data.described, rows, label), config, 42).predict

    evaluation = evaluate(fit, data)
    rivals = {name: evaluate(rival, data) for name, rival in baselines(data.described, 42, len(data.label)).items()}
    slices = evaluate_slices(spec, data.described, data, evaluation)
    _, figures = intervals_of(data.described, data, evaluation)
    return measure_gates(limits, evaluation, rivals, slices, 0.0, figures)


def test_the_chosen_network_passes_its_gates_and_one_that_knows_less_fails(spec: Spec, tmp_path: Path) -> None:
    data = load_dataset(spec)
    chosen = Chosen(Candidate("ridge", RIDGE), {"ridge": 50.0}, 77.0, "")
    measured = measure(data, chosen, 42, lambda step, done: None)
    limits = GateLimits(**{"cv_vs_gradient_boosting": None, **measured.limits})
    assert {name for name, limit in measured.limits.items() if limit is not None} >= {
        *("parity", "test_vs_mean", "test_vs_least_squares", "worst_slice", "interval_width", "interval_worst_third")
    }
    passed = gates(spec, data, RIDGE, limits)
    assert all(gate.passed for gate in passed)
    assert all(gate.value <= gate.limit / 1.04 for gate in passed)  # with a margin
    worse = gates(spec, data, replace(RIDGE, penalty=3000.0), limits)
    assert {gate.name for gate in worse if not gate.passed} >= {"test_vs_mean", "test_vs_least_squares"}


def test_no_gate_compares_with_least_squares_that_are_exact(spec: Spec) -> None:
    data = load_dataset(spec)
    exact = replace(data, label=data.inputs @ np.arange(1.0, 11.0))  # the error of least squares is next to nothing
    measured = measure(exact, Chosen(Candidate("ridge", RIDGE), {"ridge": 1.0}, 77.0, ""), 42, lambda *_: None)
    assert all(0 <= limit <= LARGEST_LIMIT for limit in measured.limits.values())
    assert {"test_vs_mean", "worst_slice"} <= measured.limits.keys()


@pytest.mark.parametrize("sampled", [20_000, 19_600])
def test_slices_of_few_rows_among_many_count_in_the_gates_as_in_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampled: int
) -> None:
    monkeypatch.setattr("train.evaluation.metrics.SAMPLE_ROWS", sampled)
    rows = 20_000
    generator = np.random.default_rng(0)
    width, noise = generator.normal(size=rows), generator.normal(size=rows)
    kinds = np.where(generator.random(rows) < 0.003, "odd", "usual")
    prices = width + noise * np.where(kinds == "odd", 20, 1)
    lines = (f"{a!r},{kind},{price!r}\n" for a, kind, price in zip(width.tolist(), kinds, prices.tolist(), strict=True))
    inputs = [{"name": "width", "limits": [-10, 10]}, {"name": "kind", "categories": ["odd", "usual"]}]
    spec = read_spec(write_spec(tmp_path, "".join(["width,kind,price\n", *lines]), inputs))
    data = load_dataset(spec)
    measured = measure(data, Chosen(Candidate("ridge", RIDGE), {"ridge": 1.0}, 2.0, ""), 42, lambda *_: None)
    limits = GateLimits(**{"cv_vs_gradient_boosting": None, **measured.limits})
    assert ("were measured on" in measured.words[-1]) == (sampled < rows)
    passed = gates(spec, sample_folds(data, 42), RIDGE, limits)
    assert all(gate.passed for gate in passed)
    assert {gate.name: gate.value for gate in passed}["worst_slice"] > 5
