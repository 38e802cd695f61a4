"""The runtimes that can run a version, told from its files; and the setting that an error names."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from registry import IntegrityError, RegistryError, VersionStore
from registry.integrity import VerifiedFiles, verify_files, write_sums
from registry.model_files import load_model, read_model, runtime_of
from registry.predictor import MODEL_FILES, Runtime
from tests.conftest import HOUSES, LINEAR


def with_files(folder: Path, *runtimes: Runtime) -> VerifiedFiles:
    """Return a version's folder that has only the model files of some runtimes."""
    for runtime in runtimes:
        (folder / MODEL_FILES[runtime]).write_bytes(runtime.encode())
    write_sums(folder)
    return verify_files(folder)


@pytest.mark.parametrize(
    ("files", "expected"),
    [(["litert", "keras"], "litert"), (["litert"], "litert"), (["keras"], "keras"), ([], "litert")],
)
def test_commands_use_litert_unless_only_keras_can_run_the_version(
    files: list[Runtime], expected: Runtime, tmp_path: Path
) -> None:
    assert runtime_of(with_files(tmp_path, *files).digests) == expected


@pytest.mark.parametrize(("there", "asked"), [("keras", "litert"), ("litert", "keras")])
def test_the_error_of_a_missing_file_names_the_setting_that_serves_the_version(
    there: Runtime, asked: Runtime, tmp_path: Path
) -> None:
    verified = with_files(tmp_path, there)
    assert read_model(verified, there) == there.encode()
    message = (
        f"{tmp_path}: has no {MODEL_FILES[asked]}, because {asked} can't run this model; set SERVE_RUNTIME={there} to"
    )
    with pytest.raises(IntegrityError, match=message):
        read_model(verified, asked)


def test_a_version_without_any_model_file_names_none(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="has no model.tflite; publish the version again"):
        read_model(with_files(tmp_path), "litert")


def test_a_model_that_no_runtime_opens_is_a_registry_error(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="litert can't open the model"):
        load_model(with_files(tmp_path, "litert"), HOUSES)


def test_a_model_is_loaded_without_a_first_prediction(store: VersionStore, tmp_path: Path) -> None:
    shutil.copy(LINEAR, tmp_path / "model.tflite")
    write_sums(tmp_path)
    predictor = load_model(verify_files(tmp_path), HOUSES)
    row = np.array([HOUSES.example], dtype=np.float32)
    assert predictor.predict(row) == store.open(1).predictor.predict(row)
