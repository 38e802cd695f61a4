"""The training of a retraining: in a private folder of models, where it is judged; the service sees nothing of it.

A version that passes is copied into the service's folder, every file the same, and appears there whole, by one rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitor.profiles.reference import Floats
from monitor.retraining.champion import Champion
from monitor.retraining.dataset import SPEC
from monitor.retraining.gates import Predict, TrainingRows, golden_gate, holdout_gate, source_gate
from monitor.retraining.golden import Golden
from registry import Actor, Signature, Version, VersionStore
from registry.aliases import CHALLENGER
from registry.promotion_gates import GateResult, check_gates
from registry.recoding import Recoder

if TYPE_CHECKING:
    from train.dataset import Dataset
    from train.spec import Spec


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that was trained and that nobody is asked for.

    Attributes:
        store: holds it as version 1.
        spec, data: what it was trained from.
    """

    store: VersionStore
    spec: Spec
    data: Dataset

    @property
    def digest(self) -> str:
        """The SHA-256 that identifies the version, here and where it will be published."""
        return self.store.check(1).digest


def train_candidate(folder: Path, store: VersionStore, actor: Actor, report: Callable[[str], None]) -> Candidate:
    """Train a version from the data set in a folder.

    Args:
        store: where it is to be published.
        report: takes the name of each step that begins.

    Raises:
        TrainError: if the training failed, or one of its gates.
        RegistryError: if the store would not take the version.
    """
    from train.code_version import commit
    from train.dataset import load_dataset
    from train.metadata import build_signature
    from train.spec import read_spec
    from train.stderr import suppress_stderr

    models = folder / "models"
    shutil.rmtree(models, ignore_errors=True)  # what a training has left that was killed
    spec = read_spec(folder / SPEC)
    data = load_dataset(spec)
    signature = build_signature(spec, data)
    store.require_publishable(signature)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
    with suppress_stderr():
        from train.pipeline import train  # imports TensorFlow, which takes seconds
    begun = {"publishing"}  # into the private store: nobody needs to hear of it

    def on_progress(step: str, _: float) -> None:
        if step not in begun:
            begun.add(step)
            report(step)

    private, now = VersionStore(models, store.model), datetime.now(UTC)
    train(spec, data, signature, private, actor=actor, commit=commit(os.environ), now=now, report=on_progress)
    return Candidate(private, spec, data)


def check_every_gate(
    candidate: Candidate, champion: Champion, golden: Golden, holdout: pd.DataFrame
) -> list[GateResult]:
    """Check the gates of every training and promotion, and the three of a retraining; the last if all others hold."""
    old, new = champion.version, candidate.store.open(1)
    common = golden.taken_by(old.signature, new.signature)
    gates = [
        *check_gates(candidate.store.check(1), new.signature, old),
        golden_gate(common, _predict(new, golden.signature), _predict(old, golden.signature), len(golden.rows)),
        holdout_gate(
            _taken(holdout, old.signature, new.signature),
            old.signature.names,
            _predict(new, old.signature),
            old.predictor.predict,
        ),
    ]
    if all(gate.passed for gate in gates):  # it costs a fit for each source
        rows = _training_rows(candidate, _predict(old, new.signature))
        gates.append(source_gate(golden.encoded(new.signature), new.predictor.predict, rows, _fit(candidate)))
    return gates


def _predict(version: Version, signature: Signature) -> Predict:
    """Return what predicts for rows that were encoded by another version's signature, and that this version takes."""
    recoder = Recoder(signature, version.signature)
    return lambda rows: version.predictor.predict(recoder.recode(rows).rows)


def _taken(rows: pd.DataFrame, signature: Signature, other: Signature) -> pd.DataFrame:
    """Return the rows, encoded by a version's signature, that another version takes too."""
    taken = Recoder(signature, other).recode(rows[list(signature.names)].to_numpy(dtype=np.float32)).taken
    return rows[taken]


def publish(candidate: Candidate, store: VersionStore, actor: Actor) -> int:
    """Publish a candidate as challenger. Return its number.

    Raises:
        RegistryError: or OSError, if it can't be published; then nothing is.
    """
    with store.staging() as folder:
        shutil.copytree(candidate.store.check(1).folder, folder, dirs_exist_ok=True)
        number, _ = store.publish(folder, actor, CHALLENGER)
    shutil.rmtree(candidate.store.folder, ignore_errors=True)
    return number


def _training_rows(candidate: Candidate, champion: Predict) -> TrainingRows:
    rows, label = (values[candidate.data.train_rows] for values in (candidate.data.inputs, candidate.data.label))
    sources = pd.read_csv(candidate.spec.data_file, usecols=["feedback_source"], dtype=str, keep_default_na=False)
    names = sources["feedback_source"].to_numpy(dtype=object)[candidate.data.train_rows]
    return TrainingRows(rows, label, label - champion(rows.astype(np.float32)), names)


def _fit(candidate: Candidate) -> Callable[[Floats, Floats], Predict]:
    """Return a function that fits a network as the candidate's spec says, and returns its predictions."""
    from train.networks.fitting import Examples
    from train.networks.network import predict
    from train.networks.own_network import fit_model
    from train.spec import FittedFile

    config = candidate.spec.fit
    if isinstance(config, FittedFile):  # champion.py has refused it
        raise TypeError("a fitted file can't be fitted")
    spec, inputs = candidate.spec, candidate.store.signature(1).inputs

    def fit(rows: Floats, label: Floats) -> Predict:
        model = fit_model(Examples(inputs, rows, label, spec.log_label), config, spec.seed)
        return lambda asked: predict(model, asked.astype(np.float64)).astype(np.float32)

    return fit
