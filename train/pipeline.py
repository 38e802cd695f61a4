"""The pipeline: the order in which a training happens. Nothing is published unless every step went well.

Knows every other module of the package; holds no rule of its own. Importing this module imports TensorFlow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from registry import Actor, Signature, VersionStore
from registry.integrity import SIGNATURE
from registry.versions import CARD, MODEL_CARD
from train import card
from train.data import Data, Floats
from train.export import differences, write_exports
from train.gates import Gate, gates, refuse_failed
from train.judge import Predict, Verdict, baselines, intervals, judge, slices
from train.model_card import model_card
from train.network import Model, fit_network, predict, weights_digest
from train.plots import write_plots
from train.provenance import packages
from train.spec import Spec

# What is being done, and the share of the training that is done, 0 to 1.
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Published:
    """A training that went well."""

    number: int
    alias: str
    model: Verdict
    rivals: dict[str, Verdict]
    gates: list[Gate]


def train(
    spec: Spec,
    data: Data,
    signature: Signature,
    store: VersionStore,
    *,
    who: Actor,
    alias: str | None = None,
    commit: str | None,
    now: datetime,
    report: Report,
) -> Published:
    """Fit, judge, export and publish.

    Args:
        who: trains, for the card and the history.
        alias: to give the version, instead of the next one in the usual order.
        commit, now: of the code and of the moment, for the card.

    Raises:
        TrainError: if the training diverged or a gate failed.
        RegistryError: if the version can't be published beside those there.
        OSError: if the models folder can't be written.
    """
    with _unchanged_on_failure(store.folder), store.staging() as folder:
        started = time.monotonic()
        fitter = _Fitter(spec, report)
        model = fitter.fit(data.inputs[data.train], data.label[data.train])
        verdict = judge(fitter.learn, data, fitted=lambda rows: predict(model, rows))
        seconds = time.monotonic() - started

        report("comparing with the baselines", 1.0)
        rivals = {name: judge(learner, data) for name, learner in baselines(spec.inputs, spec.seed).items()}
        parts = slices(spec, data, verdict)
        actual = data.label[data.test]
        spread = intervals(actual, verdict.test, spec.judge.bootstrap, spec.seed)

        report("exporting", 1.0)
        write_exports(model, folder)
        parity = _parity(model, folder, data)
        found = gates(spec.gates, verdict, rivals, parts, parity["largest_in_label_sd"])
        refuse_failed(found)

        write_plots(folder, spec.label, actual, verdict.test)
        card.write_reference(spec, data, folder)
        card.write_test(spec, data, folder)
        card.write_json(folder / SIGNATURE, signature.to_json())
        content = {
            **card.described(spec, data),
            **card.judged(verdict, spread, rivals, parts, parity, found),
            "weights_sha256": weights_digest(model),
            "parameters": int(model.count_params()),
            "packages": packages(),
            "by": who.by,
            "commit": commit,
            "created": now.isoformat(timespec="seconds"),
            "training_seconds": round(seconds, 2),
        }
        card.write_json(folder / CARD, content)
        (folder / MODEL_CARD).write_text(model_card(spec, signature, content), encoding="utf-8")
        report("publishing", 1.0)
        number, alias = store.publish(folder, who, alias)
    return Published(number, alias, verdict, rivals, found)


class _Fitter:
    """Fits networks of one spec, and reports how far all the fits together are."""

    def __init__(self, spec: Spec, report: Report) -> None:
        self._spec, self._report = spec, report
        self._fits, self._steps = 0, 0

    def fit(self, rows: Floats, label: Floats) -> Model:
        spec, total = self._spec, self._spec.judge.folds + 1
        self._fits += 1
        what = "fitting the model" if self._fits == 1 else f"fitting fold {self._fits - 1} of {total - 1}"

        def on_step() -> None:
            self._steps += 1
            self._report(what, self._steps / (total * spec.fit.steps))

        return fit_network(spec.inputs, spec.fit, spec.seed, rows, label, on_step)

    def learn(self, rows: Floats, label: Floats) -> Predict:
        model = self.fit(rows, label)
        return lambda some: predict(model, some)


def _parity(model: Model, folder: Path, data: Data) -> dict[str, Any]:
    """How far the written files are from the model, over all rows.

    The gate looks at the largest difference in standard deviations of the label: a fault that matters for prices in
    thousands would be nothing for prices in cents.
    """
    found = differences(model, folder, data.inputs)
    largest = max(found.values()) / float(np.std(data.label))
    return {"rows": len(data.label), "differences": found, "largest_in_label_sd": largest}


@contextmanager
def _unchanged_on_failure(folder: Path) -> Iterator[None]:
    """Take away the folders that were not there before, if the training comes to nothing."""
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        for path in fresh:
            with suppress(OSError):  # not empty: someone else has published meanwhile
                path.rmdir()
        raise
