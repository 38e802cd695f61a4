"""The pipeline: the steps of a training, in order. A version is published only if every step succeeded.

Importing this module imports TensorFlow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from registry import Actor, Signature, VersionStore
from registry.figures import KEY as FIGURES
from registry.integrity import SIGNATURE
from registry.predictor import fill_missing
from registry.versions import CARD, MODEL_CARD
from train import metadata
from train.code_version import packages
from train.dataset import Dataset
from train.evaluation import SAMPLE_ROWS, Evaluation, bootstrap_intervals, evaluate, sample_folds
from train.evaluation.baselines import BOOSTING_ROWS, baselines
from train.evaluation.gates import MetricGate, measure_gates, require_passed
from train.evaluation.interval_figures import intervals_of
from train.evaluation.slices import evaluate_slices
from train.exports.export import export_differences
from train.figures import build_figures, evenly
from train.model_card import model_card
from train.plots import write_plots
from train.progress import Report
from train.spec import Spec
from train.trained import Trained, train_model


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A published version: its number and alias, and how it and the baselines were evaluated."""

    number: int
    alias: str
    model: Evaluation
    baselines: dict[str, Evaluation]
    gates: list[MetricGate]


def train(
    spec: Spec,
    data: Dataset,
    signature: Signature,
    store: VersionStore,
    *,
    actor: Actor,
    alias: str | None = None,
    commit: str | None,
    now: datetime,
    report: Report,
) -> TrainingResult:
    """Fit, evaluate, export and publish a model.

    Args:
        actor: who trains, for the card and the history.
        alias: the alias of the version; by default champion if there is none, else challenger.
        commit: of the code, for the card.
        now: the time, with its zone, for the card.
        report: called whenever there is progress.

    Raises:
        TrainError: if the training diverged or a gate failed.
        RegistryError: if the version can't be published beside the existing ones.
        OSError: if the models folder can't be written.
    """
    data = sample_folds(data, spec.seed)
    # Threads that share small products of matrices wait for each other: on a busy machine ten times as long.
    with threadpool_limits(1), _removed_on_failure(store.folder), store.staging() as folder:
        started = time.monotonic()
        trained = train_model(spec, data, signature, folder, report)
        evaluation = trained.evaluation
        seconds = time.monotonic() - started

        report("comparing with the baselines", 1.0)
        rivals = baselines(signature.inputs, spec.seed, len(data.train_rows))
        compared = {name: evaluate(fit, data) for name, fit in rivals.items()}
        slices = evaluate_slices(spec, signature.inputs, data, evaluation)
        test_label, test_predictions = data.label[data.test_rows], evaluation.test_predictions
        intervals = bootstrap_intervals(test_label, test_predictions, spec.evaluation.bootstrap, spec.seed)

        interval, interval_figures = intervals_of(signature.inputs, data, evaluation)
        signature = replace(signature, interval=interval)

        report("exporting", 1.0)
        faults = trained.write_exports()
        parity = _parity(trained, folder, data, signature)
        largest = parity["largest_in_label_sd"]
        gates = measure_gates(spec.gates, evaluation, compared, slices, largest, interval_figures)
        require_passed(gates)

        write_plots(folder, spec.label, test_label, test_predictions)
        metadata.write_rows(spec, signature, data, folder)
        metadata.write_json(folder / SIGNATURE, signature.to_json())
        card = {
            **metadata.provenance_section(spec, data),
            **metadata.source_section(spec, faults),
            **metadata.metrics_section(evaluation),
            "intervals": intervals,
            "baselines": {name: metadata.metrics_section(baseline) for name, baseline in compared.items()},
            **_large_file(data),
            "slices": [asdict(item) for item in slices],
            "interval": asdict(interval_figures) if interval_figures else None,
            "parity": parity,
            "gates": [{**asdict(gate), "passed": gate.passed} for gate in gates],
            "weights_sha256": trained.weights_sha256,
            "parameters": trained.parameters,
            "packages": packages(),
            "by": actor.by,
            "commit": commit,
            "created": now.isoformat(timespec="seconds"),
            "training_seconds": round(seconds, 2),
            FIGURES: build_figures(signature, data, trained.predict, test_predictions).to_json(),
        }
        metadata.write_json(folder / CARD, card)
        (folder / MODEL_CARD).write_text(model_card(spec, signature, card), encoding="utf-8")
        report("publishing", 1.0)
        number, alias = store.publish(folder, actor, alias)
    return TrainingResult(number, alias, evaluation, compared, gates)


def _large_file(data: Dataset) -> dict[str, Any]:
    """Return what card.json says of shortcuts that many rows need; nothing for few."""
    judged = sum(len(rows) for _, rows in data.folds)
    sampled = {"fold_rows": judged} if judged < len(data.label) else {}
    histograms = {"histogram_boosting": True} if len(data.train_rows) > BOOSTING_ROWS else {}
    return {**sampled, **histograms}


def _parity(trained: Trained, folder: Path, data: Dataset, signature: Signature) -> dict[str, Any]:
    """Return how far the exports are from the model, over all rows; of many, over SAMPLE_ROWS from all over the file.

    The gate uses standard deviations of the label, because a difference that matters for prices in thousands would be
    negligible for prices in cents.
    """
    positions = evenly(np.arange(len(data.label)), SAMPLE_ROWS)
    rows = fill_missing(signature.inputs, data.inputs[positions])
    differences = export_differences(trained.predictions(positions), folder, rows)
    largest = max(differences.values()) / float(np.std(data.label))
    return {"rows": len(rows), "differences": differences, "largest_in_label_sd": largest}


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    """If the block raises, remove the folder and its parents, as far as they are new and empty."""
    new_folders = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        for path in new_folders:
            with suppress(OSError):  # not empty: another process has published there meanwhile
                path.rmdir()
        raise
