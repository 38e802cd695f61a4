"""A fitted file as the parent of the child process sees it: what ends the child, and what is left of a training."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Command
from tests.train.fitted_files import archive, write_spec
from train.dataset import load_dataset
from train.errors import TrainError
from train.fitted import fitted_model
from train.fitted.fitted_model import open_fitted
from train.metadata import build_signature
from train.spec import FittedFile, read_spec

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def open_here(folder: Path) -> fitted_model.FittedModel:
    """Open a.keras in a folder, as a training of the Boston data does."""
    spec = read_spec(write_spec(folder, 'file = "a.keras"'))
    data = load_dataset(spec)
    assert isinstance(spec.fit, FittedFile)
    (folder / "version").mkdir()
    return open_fitted(spec.fit, spec, data, build_signature(spec, data), folder / "version")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", "a.keras: the process that opened it crashed with SIGSEGV; nothing was published"),
        ("kill -ALRM $$", "a.keras: Keras gave no answer in 600 s; nothing was published"),
        ("echo no memory >&2; exit 3", "a.keras: the process that opened it ended with status 3: no memory"),
    ],
)
def test_what_ends_the_child_is_an_error_that_names_the_file(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path / "a.keras", {})
    child = tmp_path / "child"
    child.write_text(f"#!/bin/sh\n{script}\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    with pytest.raises(TrainError, match=message):
        open_here(tmp_path)


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_given_up(
    tutorial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(tutorial / "norm.boston.model.keras", tmp_path / "a.keras")
    monkeypatch.setattr(fitted_model, "TIMEOUT", 1)  # it takes longer to convert the model
    with pytest.raises(TrainError, match="a.keras: Keras gave no answer in 1 s"):
        open_here(tmp_path)


@pytest.mark.slow
def test_the_published_files_predict_what_the_fitted_file_predicts(tutorial: Path, tmp_path: Path) -> None:
    import keras

    shutil.copy(tutorial / "norm.boston.model.keras", tmp_path / "a.keras")
    model = open_here(tmp_path)
    rows = load_dataset(read_spec(tmp_path / "fitted.toml")).inputs
    expected = keras.models.load_model(tmp_path / "a.keras").predict(rows.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(model.predictions, expected, atol=1e-4)
    np.testing.assert_allclose(model.predict(rows), expected, atol=1e-4)
    assert (model.parameters, model.faults) == (4, {})


@pytest.mark.slow
def test_a_file_that_is_refused_leaves_nothing_behind(tmp_path: Path, command: Command) -> None:
    archive(tmp_path / "a.keras", {"class_name": "Sequential", "config": {}})
    process = command(tmp_path / "models", write_spec(tmp_path, 'file = "a.keras"'))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, out
    assert err.startswith(f"opening the fitted model\n{tmp_path}/a.keras: Keras can't open it (")
    assert err.count("\n") == 2
    assert not (tmp_path / "models").exists()
