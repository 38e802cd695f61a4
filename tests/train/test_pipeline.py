"""The whole training: what is published, and that a failure leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry import Actor, VersionStore
from tests.train.helpers import SMALL_SPEC, read_tree, write_small
from train.dataset import load_dataset
from train.errors import TrainError
from train.metadata import build_signature
from train.spec import read_spec

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

QUICK_SPEC = SMALL_SPEC.replace("steps = 400", "steps = 20")


@pytest.mark.slow
def test_two_trainings_at_once_get_different_numbers_and_the_first_becomes_champion(published: Path) -> None:
    store = VersionStore(published, "boston")
    assert store.versions() == [1, 2, 3]
    assert store.aliases.read() == {"champion": 1, "challenger": 3}


@pytest.mark.slow
def test_two_processes_train_the_same_weights_to_the_bit(published: Path) -> None:
    store = VersionStore(published, "boston")
    assert store.card(1)["weights_sha256"] == store.card(2)["weights_sha256"]
    for name in ("model.tflite", "tfjs/weights.bin", "residuals.svg", "predicted_actual.svg", "reference.csv"):
        assert (store.folder / "1" / name).read_bytes() == (store.folder / "2" / name).read_bytes(), name


@pytest.mark.slow
def test_a_version_contains_these_files_and_no_others(published: Path) -> None:
    files = (
        "SHA256SUMS card.json fingerprint.pb model.keras model.tflite model_card.md predicted_actual.svg reference.csv "
        "residuals.svg saved_model.pb signature.json test.csv tfjs/model.json tfjs/weights.bin "
        "variables/variables.data-00000-of-00001 variables/variables.index"
    )
    assert set(read_tree(published / "boston" / "1")) == set(files.split())


def train_here(spec_path: Path, models: Path, interrupt_at: str = "") -> None:
    """Train in this process; a KeyboardInterrupt comes when the training reports the step ``interrupt_at``."""
    from train.pipeline import train

    def report(step: str, _: float) -> None:
        if step == interrupt_at:
            raise KeyboardInterrupt

    spec = read_spec(spec_path)
    data = load_dataset(spec)
    train(
        spec,
        data,
        build_signature(spec, data),
        VersionStore(models, spec.model),
        actor=Actor("tests"),
        commit=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        report=report,
    )


@pytest.mark.slow
def test_a_failed_gate_is_named_and_leaves_the_models_as_they_were(tmp_path: Path) -> None:
    spec = write_small(tmp_path, QUICK_SPEC.replace("test_vs_mean = 0.9", "test_vs_mean = 0.001"))
    with pytest.raises(TrainError, match="test_vs_mean is .*, expected at most 0.001"):
        train_here(spec, tmp_path / "models")
    assert not (tmp_path / "models").exists()

    (tmp_path / "models" / "small").mkdir(parents=True)
    with pytest.raises(TrainError, match="test_vs_mean"):
        train_here(spec, tmp_path / "models")
    assert list((tmp_path / "models" / "small").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("step", ["fitting the model", "exporting", "publishing"])
def test_an_interrupted_training_leaves_nothing(tmp_path: Path, step: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_here(write_small(tmp_path, QUICK_SPEC), tmp_path / "models", step)
    assert not (tmp_path / "models").exists()
