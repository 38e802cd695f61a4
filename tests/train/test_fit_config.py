"""The table ``fit`` of a spec: what it may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.helpers import SMALL_SPEC, write_small
from train.errors import TrainError
from train.fit_config import FitConfig
from train.spec import read_spec

FIT = SMALL_SPEC[SMALL_SPEC.index("architecture") : SMALL_SPEC.index("[judge]")]
MLP = """architecture = "mlp"
steps = 5
learning_rate = 0.01
hidden = [64, 32]
weight_decay = 0.3
"""


def read(folder: Path, fit: str) -> FitConfig:
    return read_spec(write_small(folder, SMALL_SPEC.replace(FIT, f"{fit}\n"))).fit


def test_ridge_has_a_penalty(tmp_path: Path) -> None:
    assert read(tmp_path, 'architecture = "ridge"\npenalty = 2') == FitConfig("ridge", 1, 0.0, penalty=2.0)


def test_an_mlp_is_one_of_tanh_by_default_and_may_be_more(tmp_path: Path) -> None:
    assert read(tmp_path, MLP) == FitConfig("mlp", 5, 0.01, (64, 32), 0.3)
    more = 'activation = "relu"\nskip = true\nquantiles = 16\nmembers = 5\nbatch = 512\n'
    assert read(tmp_path, MLP + more) == FitConfig(
        "mlp", 5, 0.01, (64, 32), 0.3, activation="relu", skip=True, quantiles=16, members=5, batch=512
    )


@pytest.mark.parametrize(
    ("fit", "named"),
    [
        ('architecture = "ridge"', "fit.penalty: this key is missing"),
        ('architecture = "ridge"\npenalty = 1\nsteps = 3', "fit.steps: unknown key"),
        (MLP + "skip = true", "fit.skip: needs activation"),
        (MLP + 'activation = "gelu"', "fit.activation: expected one of 'tanh', 'relu', not 'gelu'"),
        (MLP + "quantiles = 1", "fit.quantiles: expected an integer from 2 to 64, not 1"),
        (MLP + "members = 0", "fit.members: expected an integer from 1 to 20, not 0"),
        (MLP + "batch = 1", "fit.batch: expected an integer from 16 to 65536, not 1"),
        (MLP + "skip = 1", "fit.skip: expected true or false, not 1"),
    ],
)
def test_an_error_names_the_key(tmp_path: Path, fit: str, named: str) -> None:
    with pytest.raises(TrainError) as error:
        read(tmp_path, fit)
    assert named in str(error.value)


def test_the_label_may_have_a_log_scale(tmp_path: Path) -> None:
    label = 'column = "price"\n'
    assert not read_spec(write_small(tmp_path)).log_label
    assert read_spec(write_small(tmp_path, SMALL_SPEC.replace(label, label + 'scale = "log"\n'))).log_label
    with pytest.raises(TrainError, match="label.scale: expected one of 'log', not 'root'"):
        read_spec(write_small(tmp_path, SMALL_SPEC.replace(label, label + 'scale = "root"\n')))
