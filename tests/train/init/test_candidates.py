"""The network of a spec: the one that errs least on rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.helpers import write_small
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.init.candidates import ENSEMBLE_ROWS, SIMPLER, SMALL_ROWS, Candidate, Chosen, candidates, choose, fit_keys
from train.init.gate_limits import measure
from train.spec import FitConfig, read_spec
from train.spec.fit import read_fit
from train.spec.toml_reader import TomlTable


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return load_dataset(read_spec(write_small(tmp_path)))


@pytest.mark.parametrize("rows", [100, SMALL_ROWS, SMALL_ROWS + 1, ENSEMBLE_ROWS + 1])
def test_every_candidate_can_be_written_into_a_spec(rows: int) -> None:
    found = candidates(rows)
    assert len({candidate.name for candidate in found}) == len(found)
    for candidate in found:
        table = TomlTable(Path("spec.toml"), "fit.", fit_keys(candidate.fit))
        assert read_fit(table, Path()) == candidate.fit
        table.reject_unread_keys()


def test_the_first_network_is_chosen_whose_error_is_nearly_the_smallest(data: Dataset) -> None:
    steps: list[tuple[str, float]] = []
    chosen = choose(data, 42, lambda step, done: steps.append((step, done)))
    assert list(chosen.errors) == [candidate.name for candidate in candidates(len(data.train_rows))]
    near = [name for name, error in chosen.errors.items() if error <= SIMPLER * min(chosen.errors.values())]
    assert chosen.best.name == near[0]
    assert chosen.errors[chosen.best.name] < 0.1 * chosen.mean_error
    assert "each quarter of 48 training rows" in chosen.how
    fractions = [done for _, done in steps]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1


def test_rows_with_the_same_inputs_are_not_on_both_sides_of_the_choice(data: Dataset) -> None:
    generator = np.random.default_rng(3)
    inputs, noise = generator.normal(size=(60, len(data.described))), generator.normal(size=60)
    data = replace(
        data,
        inputs=np.tile(inputs, (4, 1)),
        label=np.tile(noise, 4),  # no network can predict it, except by rows that it knows
        train_rows=np.arange(240),
    )
    chosen = choose(data, 42, lambda step, done: None)
    assert min(chosen.errors.values()) > 0.95 * chosen.mean_error


def test_a_network_that_is_no_better_than_the_mean_is_refused(data: Dataset) -> None:
    data = replace(data, label=np.random.default_rng(7).permutation(data.label))
    penalty = Candidate("ridge", FitConfig("ridge", 1, 0.0, penalty=1.0))
    chosen = Chosen(penalty, {"ridge": 40.0}, 39.0, "")
    with pytest.raises(TrainError, match="no network predicts better than the mean of the label"):
        measure(data, chosen, 42, lambda step, done: None)
