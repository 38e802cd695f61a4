"""The spec: what is read, and what is refused with the key or line named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.small import SPEC, write_small
from train.errors import TrainError
from train.spec import read_spec


def test_a_spec_says_all_there_is_about_a_training(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    assert (spec.model, spec.seed, spec.test) == ("small", 1, 0.2)
    assert spec.data == tmp_path / "small.csv"
    assert spec.inputs[0].column == "width"
    assert spec.inputs[1].limits == (0, 5)
    assert spec.label.name == "price"
    assert spec.gates.worst_slice is None


@pytest.mark.parametrize("name", ["boston", "boston_mlp"])
def test_the_specs_that_ship_can_be_read(name: str) -> None:
    assert read_spec(Path("train") / f"{name}.toml").model == "boston"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed = 1", "seed = ", "line 3"),
        ("seed = 1", "seed = 1\nseed = 2", "line 4"),
        ("seed = 1\n", "", "seed: this key is missing"),
        ("seed = 1", 'seed = "1"', "seed: expected a whole number"),
        ("seed = 1", "seed = true", "seed: expected a whole number"),
        ("seed = 1", "seed = -1", "seed: expected a whole number"),
        ("seed = 1", "seed = 1\nsede = 1", "sede: this key is not known"),
        ('model = "small"', "model = 3", "model: expected a text"),
        ('title = "A small model"', 'title = " "', "title: expected a text"),
        ('file = "small.csv"', "", "data.file: this key is missing"),
        ('file = "small.csv"', 'file = "small.csv"\nfiel = 1', "data.fiel: this key is not known"),
        ("[split]\ntest = 0.2", "split = 0.2", "split"),
        ("test = 0.2", "test = 0.9", "split.test: expected a number from 0.1 to 0.5"),
        ("test = 0.2", "test = nan", "split.test: expected a number"),
        ('label = "Width"', "", "inputs[1].label: this key is missing"),
        ('unit = "m"', 'unit = "m"\nunits = "m"', "inputs[1].units: this key is not known"),
        ("limits = [-10, 10]", "", "inputs[1].limits: this key is missing"),
        ("limits = [-10, 10]", "limits = [10, -10]", "inputs[1].limits: expected the smaller"),
        ("limits = [-10, 10]", "limits = [-inf, 10]", "inputs[1].limits: expected a number"),
        ("limits = [-10, 10]", "limits = [-10]", "inputs[1].limits: expected two numbers"),
        ("limits = [-10, 10]", "limits = [-10, 10]\nexample = 11", "inputs[1].example: expected a number from -10"),
        ("limits = [-10, 10]", 'limits = [-10, 10]\naliases = "w"', "inputs[1].aliases: expected a list"),
        ("categories = [0, 1, 5]", "categories = [0, 5, 1]", "inputs[2].categories: expected two different"),
        ("categories = [0, 1, 5]", "categories = [0.5, 1]", "inputs[2].categories: expected a whole number"),
        ("categories = [0, 1, 5]", "categories = [0, 1]\nlimits = [0, 1]", "inputs[2].limits: this key is not known"),
        ("categories = [0, 1, 5]", "categories = [0, 1, 5]\nexample = 2", "inputs[2].example: 2 is not one"),
        ('name = "width"', 'name = "width"\ncolumn = "price"', "inputs[1]: 'width' is the label"),
        ('name = "width"', 'name = "width"\naliases = ["price"]', "inputs[1]: 'width' is the label"),
        ('column = "price"', 'column = "the price"', "label.name: 'the price' is not"),
        ("plausible = [-1000, 1000]", "", "label.plausible: this key is missing"),
        ('"linear"', '"forest"', "fit.architecture: expected 'linear' or 'mlp'"),
        ("steps = 400", "steps = 0", "fit.steps: expected a whole number"),
        ("steps = 400", "steps = 400\nhidden = [3]", "fit.hidden: this key is not known"),
        ('architecture = "linear"', 'architecture = "mlp"', "fit.hidden: this key is missing"),
        ("folds = 3", "folds = 1", "judge.folds: expected a whole number from 2"),
        ('slices = ["year"]', 'slices = ["price"]', "judge.slices: 'price' is the label"),
        ('slices = ["year"]', 'slices = ["year", "year"]', "judge.slices: names something twice"),
        ("parity = 1e-5", "", "gates.parity: this key is missing"),
        ("parity = 1e-5", "parity = 1e-5\nluck = 1", "gates.luck: this key is not known"),
    ],
)
def test_a_fault_is_refused_with_its_key_or_line(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert SPEC.count(old) == 1
    file = write_small(tmp_path, SPEC.replace(old, new))
    with pytest.raises(TrainError) as refusal:
        read_spec(file)
    assert str(file) in str(refusal.value)
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_spec_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="none.toml: can't be read"):
        read_spec(tmp_path / "none.toml")


def test_a_spec_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b'model = "small"\ntitle = "caf\xe9"\n')
    with pytest.raises(TrainError, match="line 2: not UTF-8"):
        read_spec(file)
