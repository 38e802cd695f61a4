"""Networks of the author's code: fitted behind the encoder, and each mistake shown as theirs. Each test trains."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.train.fitted_files import write_spec
from train.dataset import load_dataset
from train.errors import TrainError
from train.networks.fitting import Examples
from train.spec import OwnNetwork, read_spec

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

HEAD = "import keras\nfrom keras import layers\n\n\ndef build(inputs):\n"
DENSE = "    return keras.Sequential([keras.Input((inputs,)), layers.Dense(8, 'tanh'), layers.Dense(1)])\n"
FIT = 'build = "net:build"\nsteps = 30\nlearning_rate = 0.05'


def fit(folder: Path, code: str, fit: str = FIT) -> np.ndarray:
    """Fit a network to the Boston data; return its predictions for all rows, float64 (n,)."""
    from train.networks.network import predict
    from train.networks.own_network import fit_own

    (folder / "net.py").write_text(code)
    spec = read_spec(write_spec(folder, fit))
    data = load_dataset(spec)
    assert isinstance(spec.fit, OwnNetwork)
    steps: list[int] = []
    model = fit_own(Examples(data.described, data.inputs, data.label), spec.fit, 1, lambda: steps.append(1))
    assert len(steps) == 30
    return predict(model, data.inputs)


@pytest.mark.parametrize(
    ("body", "config"),
    [
        (DENSE, FIT),
        (
            "    x = keras.Input((inputs,))\n"
            "    y = layers.Add()([layers.Dense(1)(x), layers.Dense(1)(layers.Dense(8, 'gelu')(x))])\n"
            "    return keras.Model(x, keras.ops.reshape(y, (-1,)))\n",
            FIT,
        ),
        (
            DENSE.replace("return", "model =") + "    model.compile(keras.optimizers.Adam(0.05), loss='mae')\n"
            "    return model\n",
            FIT.replace("learning_rate = 0.05", ""),
        ),
    ],
    ids=["a list of layers", "a graph, one number without an axis", "compiled"],
)
def test_a_network_is_fitted_in_the_unit_of_the_label_and_repeatably(body: str, config: str, tmp_path: Path) -> None:
    modules = set(sys.modules)
    predictions = fit(tmp_path, HEAD + body, config)
    assert "net" not in sys.modules.keys() - modules
    label = load_dataset(read_spec(tmp_path / "fitted.toml")).label
    assert np.sqrt(np.mean((predictions - label) ** 2)) < 0.8 * np.std(label)
    np.testing.assert_array_equal(fit(tmp_path, HEAD + body, config), predictions)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0\n" + HEAD + DENSE, r"net.py, line 1: build failed for 3 inputs: ZeroDivisionError: division by zero"),
        (HEAD + "    units = None\n    return layers.Dense(units + 1)\n", "net.py, line 7: build failed .*TypeError"),
        (
            HEAD.replace("inputs", "") + DENSE,
            "net.py: build failed for 3 inputs: TypeError: build.. takes 0 positional",
        ),
        ("import no_such_module\n" + HEAD + DENSE, "net.py, line 1: .*ModuleNotFoundError: No module named 'no_such_"),
        (HEAD + "    keras.Sequential()\n", "build returned NoneType, expected a keras.Model; is a return missing"),
        (HEAD + "    return 5\n", "build returned int, expected a keras.Model"),
        (HEAD + DENSE.replace("(inputs,)", "(5,)"), "net.py: build does not take 3 inputs a row: "),
        (HEAD + DENSE.replace("Dense(1)", "Dense(2)"), r"gives the shape \('n', 2\) for n rows, expected \(n, 1\) or"),
        (
            HEAD + DENSE.replace("return", "model =") + "    model.compile('sgd', 'mse')\n    return model\n",
            "take one of",
        ),
        (HEAD + DENSE.replace("'tanh'", "lambda x: x / 0.0"), "diverged: a weight or a prediction is not a finite"),
    ],
)
def test_a_mistake_of_the_code_is_shown_with_its_line(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=message):
        fit(tmp_path, code)


def test_a_network_without_an_optimizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="is not compiled; compile it there, or set fit.learning_rate"):
        fit(tmp_path, HEAD + DENSE, FIT.replace("learning_rate = 0.05", ""))
