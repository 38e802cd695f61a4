"""The table `fit` of a spec: what it may hold, and what a spec can't ask of a fitted file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.fitted_files import archive, write_spec
from tests.train.helpers import SMALL_SPEC, write_small
from train.dataset import load_dataset
from train.errors import TrainError
from train.metadata import build_signature
from train.spec import FitConfig, FittedFile, OwnNetwork, read_spec

FIT = SMALL_SPEC[SMALL_SPEC.index("architecture") : SMALL_SPEC.index("[judge]")]
MLP = """architecture = "mlp"
steps = 5
learning_rate = 0.01
hidden = [64, 32]
weight_decay = 0.3
"""
CODE = "def build(inputs):\n    raise SystemExit('a spec that is read runs no code')\n"


def read(folder: Path, fit: str) -> FitConfig:
    config = read_spec(write_small(folder, SMALL_SPEC.replace(FIT, f"{fit}\n"))).fit
    assert isinstance(config, FitConfig)
    return config


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


def own(folder: Path, fit: str, code: str = CODE) -> OwnNetwork:
    (folder / "net.py").write_text(code)
    fit_kind = read_spec(write_spec(folder, fit)).fit
    assert isinstance(fit_kind, OwnNetwork)
    return fit_kind


def test_the_code_of_a_network_is_read_and_hashed_and_not_run(tmp_path: Path) -> None:
    network = own(tmp_path, 'build = "net:build"\nsteps = 10\nlearning_rate = 0.1\nweight_decay = 2')
    assert network.content == CODE.encode()
    assert (network.function, network.steps, network.learning_rate, network.weight_decay) == ("build", 10, 0.1, 2)
    assert own(tmp_path, 'build = "net:build"\nsteps = 10').learning_rate is None


@pytest.mark.parametrize(
    ("fit", "code", "message"),
    [
        ('build = "net"\nsteps = 1', CODE, "fit.build: expected MODULE:FUNCTION, such as 'my_module:build', not 'net'"),
        ('build = "../net:build"\nsteps = 1', CODE, "fit.build: expected MODULE:FUNCTION"),
        (
            'build = "json:build"\nsteps = 1',
            CODE,
            r"json.py: can't be read .*; fit.build names json, which must be a file",
        ),
        ('build = "net:make"\nsteps = 1', CODE, r"net.py: has no function make, which fit.build names; it has build"),
        ('build = "net:build"\nsteps = 1', "x = 1", "has no function build, which fit.build names; it has no function"),
        ('build = "net:build"\nsteps = 1', "x = 1\ndef build(:", r"net.py, line 2: not Python \(invalid syntax\)"),
        ('build = "net:build"', CODE, "fit.steps: this key is missing"),
        ('build = "net:build"\nsteps = 1\nhidden = [3]', CODE, "fit.hidden: unknown key"),
        ('file = "a.keras"\nsteps = 1', CODE, "fit.steps: unknown key"),
        ('file = "b.keras"', CODE, "b.keras: can't be read"),
    ],
)
def test_a_mistake_is_named(fit: str, code: str, message: str, tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    with pytest.raises(TrainError, match=message):
        own(tmp_path, fit, code)


def test_a_fitted_file_beside_the_spec_is_found(tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    kind = read_spec(write_spec(tmp_path, 'file = "a.keras"')).fit
    assert isinstance(kind, FittedFile)
    assert (kind.file.path, kind.architecture) == (tmp_path / "a.keras", "fitted before, in a.keras")


@pytest.mark.parametrize("gate", ["cv_vs_gradient_boosting", "worst_slice", "interval_width", "interval_worst_third"])
def test_a_gate_that_needs_further_fits_is_refused_for_a_fitted_file(gate: str, tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    spec = write_spec(tmp_path, 'file = "a.keras"', f"test_vs_mean = 1.0\n{gate} = 0.5")
    with pytest.raises(TrainError, match=f"gates.{gate}: needs fits to other rows.*or gate by test_vs_least_squares"):
        read_spec(spec)


def test_all_gates_that_need_further_fits_are_named_at_once(tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    gates = "test_vs_mean = 1.0\nworst_slice = 1.5\ninterval_worst_third = 0.2\ninterval_width = 1.1"
    spec = write_spec(tmp_path, 'file = "a.keras"', gates)
    message = r"gates.worst_slice: needs .*; remove it, and also interval_worst_third, interval_width, or gate by"
    with pytest.raises(TrainError, match=message):
        read_spec(spec)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("limits = [0, 100]", 'categories = ["new", "old"]', r"inputs\[3\].categories: a fitted model takes numbers"),
        (
            "limits = [0, 100]",
            "limits = [0, 100]\nmissing = 50\nindicator = true",
            r"inputs\[3\].indicator: .*remove it",
        ),
        ("[label]", '[label]\nscale = "log"', "label.scale: a fitted model predicts what it was fitted to"),
    ],
)
def test_what_a_fitted_model_can_not_take_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    spec = write_spec(tmp_path, 'file = "a.keras"')
    spec.write_text(spec.read_text().replace("example = 66.5\n", "").replace(old, new))
    with pytest.raises(TrainError, match=message):
        read_spec(spec)


def test_a_missing_value_is_filled_before_a_fitted_model(tmp_path: Path) -> None:
    archive(tmp_path / "a.keras", {})
    spec_file = write_spec(tmp_path, 'file = "a.keras"')
    optional = "limits = [0, 100]\nmissing = 50"
    spec_file.write_text(spec_file.read_text().replace("limits = [0, 100]", optional))
    spec = read_spec(spec_file)
    signature = build_signature(spec, load_dataset(spec))
    assert [item.missing and (item.missing.fill, item.missing.fills_in_model) for item in signature.inputs] == [
        None,
        None,
        (50, False),
    ]
