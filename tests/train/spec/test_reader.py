"""The spec: what is read, and which errors name the key or the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.helpers import SMALL_SPEC, write_small
from train.errors import TrainError
from train.spec import read_spec


def test_a_spec_is_read_with_its_defaults(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    assert (spec.model, spec.seed, spec.test_fraction) == ("small", 1, 0.2)
    assert spec.data_file == tmp_path / "small.csv"
    assert spec.inputs[0].column == "width"
    assert spec.inputs[1].limits == (0, 5)
    assert spec.label.name == "price"
    assert spec.gates.worst_slice is None
    assert spec.gates.interval_width is None
    assert spec.about.details == ""
    assert spec.effect == 0.15


def test_a_spec_may_say_how_much_drift_matters(tmp_path: Path) -> None:
    assert read_spec(write_small(tmp_path, SMALL_SPEC + "[monitor]\neffect = 0.3\n")).effect == 0.3


@pytest.mark.parametrize("name", ["boston", "boston_mlp"])
def test_the_shipped_specs_can_be_read(name: str) -> None:
    assert read_spec(Path("train") / f"{name}.toml").model == "boston"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed = 1", "seed = ", "small.toml: not TOML: Invalid value (at line 3"),
        ("seed = 1", "seed = 1\nseed = 2", "not TOML: Cannot overwrite a value (at line 4"),
        ("seed = 1\n", "", "seed: this key is missing"),
        ("seed = 1", "seed = -1", "seed: expected an integer"),
        ("seed = 1", "seed = 1\nsede = 1", "sede: unknown key"),
        ('file = "small.csv"', "", "data.file: this key is missing"),
        ('file = "small.csv"', 'file = "small.csv"\nfiel = 1', "data.fiel: unknown key"),
        ("test = 0.2", "test = 0.9", "split.test: expected a number from 0.1 to 0.5"),
        ('label = "Width"', "", "inputs[1].label: this key is missing"),
        ('unit = "m"', 'unit = "m"\nunits = "m"', "inputs[1].units: unknown key"),
        ("limits = [-10, 10]", "", "inputs[1].limits: this key is missing"),
        ("limits = [-10, 10]", "limits = [-1e39, 10]", "inputs[1].limits: expected a number from -3.4"),
        ("limits = [-10, 10]", "limits = [-10, 10]\nexample = 11", "inputs[1].example: expected a number from -10"),
        ("categories = [0, 1, 5]", "categories = [0, 5, 1]", "inputs[2].categories: expected at least two different"),
        ("categories = [0, 1, 5]", "categories = [0, 1]\nlimits = [0, 1]", "inputs[2].limits: unknown key"),
        ("categories = [0, 1, 5]", "categories = [0, 1, 5]\nexample = 2", "inputs[2].example: 2 is not one"),
        ('name = "width"', 'name = "width"\ncolumn = "price"', "inputs[1]: 'width' is the label"),
        ('name = "width"', 'name = "width"\naliases = ["price"]', "inputs[1]: 'width' is the label"),
        ('column = "price"', 'column = "the price"', "label.name: expected a letter or '_', then at most"),
        ("plausible = [-1000, 1000]", "", "label.plausible: this key is missing"),
        ('"linear"', '"forest"', "fit.architecture: expected one of 'ridge', 'linear', 'mlp', not 'forest'"),
        ("steps = 400", "steps = 0", "fit.steps: expected an integer"),
        ("steps = 400", "steps = 400\nhidden = [3]", "fit.hidden: unknown key"),
        ('architecture = "linear"', 'architecture = "mlp"', "fit.hidden: this key is missing"),
        ("folds = 3", "folds = 1", "judge.folds: expected an integer from 2"),
        ('slices = ["year"]', 'slices = ["price"]', "judge.slices: 'price' is the label"),
        ("parity = 1e-5", "", "gates.parity: this key is missing"),
        ("parity = 1e-5", "parity = 1e-5\nluck = 1", "gates.luck: unknown key"),
        (
            "parity = 1e-5",
            "parity = 1e-5\ninterval_worst_third = 1.1",
            "gates.interval_worst_third: expected a number from 0 to 1",
        ),
        (
            "parity = 1e-5",
            "parity = 1e-5\ninterval_wurst_slice = 0.1",
            "gates.interval_wurst_slice: unknown key; was interval_worst_slice meant?",
        ),
        ("[gates]", "[monitor]\neffect = 0\n[gates]", "monitor.effect: expected a number from 0.01 to 10"),
        ("[gates]", "[monitor]\nefect = 1\n[gates]", "monitor.efect: unknown key; was effect meant?"),
    ],
)
def test_an_error_names_the_file_and_the_key_or_line(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert SMALL_SPEC.count(old) == 1
    file = write_small(tmp_path, SMALL_SPEC.replace(old, new))
    with pytest.raises(TrainError) as error:
        read_spec(file)
    assert str(file) in str(error.value)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_spec_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="none.toml: can't be read .*; give the path of an existing spec"):
        read_spec(tmp_path / "none.toml")
