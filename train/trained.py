"""The model of a training, whatever it is: a network of ours, one of the author's code, or a file that came fitted.

The pipeline knows it only as what it predicts, how it was evaluated, and how its exports are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry import Signature
from train.dataset import Dataset, Floats, Indices
from train.evaluation import Evaluation, PredictFunction, evaluate, evaluate_fitted
from train.exports.export import write_exports, write_possible_exports
from train.fitted.fitted_model import open_fitted
from train.networks.fitting import Examples
from train.networks.network import Model, predict, weights_digest
from train.networks.own_network import fit_model, require_runtime
from train.progress import Report
from train.spec import FitConfig, FittedFile, OwnNetwork, Spec


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was evaluated, and can be exported.

    Attributes:
        predict: of the model, or of the exports that were made of it.
        predictions: of the model itself, for the rows of the data at some positions, float64 (m,).
        write_exports: write them, and return why a runtime can't run the model, by the runtime's name.
    """

    evaluation: Evaluation
    predict: PredictFunction
    predictions: Callable[[Indices], Floats]
    parameters: int
    weights_sha256: str
    write_exports: Callable[[], Mapping[str, str]]


def train_model(spec: Spec, data: Dataset, signature: Signature, folder: Path, report: Report) -> Trained:
    """Fit the model that a spec describes, or take the fitted one that it names, and evaluate it.

    Args:
        folder: where its exports belong.

    Raises:
        TrainError: if the fit diverged, or the author's code or file can't be used.
    """
    if isinstance(spec.fit, FittedFile):
        return _open(spec.fit, spec, data, signature, folder, report)
    config = spec.fit
    fitter = _Fitter(config, spec, signature, report)
    model = fitter.fit(data.inputs[data.train_rows], data.label[data.train_rows])

    def write() -> Mapping[str, str]:
        if isinstance(config, FitConfig):
            write_exports(model, folder)
            return {}
        (folder / config.source.name).write_bytes(config.content)
        faults = write_possible_exports(model, folder, data.inputs[:2].astype(np.float32))
        require_runtime(config, faults)
        return faults

    return Trained(
        evaluation=evaluate(fitter.fit_function, data, fitted=lambda rows: predict(model, rows)),
        predict=lambda rows: predict(model, rows),
        predictions=lambda positions: predict(model, data.inputs[positions]),
        parameters=int(model.count_params()),
        weights_sha256=weights_digest(model),
        write_exports=write,
    )


def _open(fit: FittedFile, spec: Spec, data: Dataset, signature: Signature, folder: Path, report: Report) -> Trained:
    report("opening the fitted model", 0.0)
    model = open_fitted(fit, spec, data, signature, folder)
    return Trained(
        evaluation=evaluate_fitted(model.predictions, data),
        predict=model.predict,
        predictions=lambda positions: model.predictions[positions],
        parameters=model.parameters,
        weights_sha256=model.weights_sha256,
        write_exports=lambda: model.faults,  # the process that opened the file has written them
    )


class _Fitter:
    """Fits a spec's network to the training rows and then to each fold, and reports the progress over all fits."""

    def __init__(self, config: FitConfig | OwnNetwork, spec: Spec, signature: Signature, report: Report) -> None:
        self._config, self._spec, self._inputs, self._report = config, spec, signature.inputs, report
        self._fits, self._steps = 0, 0

    def fit(self, rows: Floats, label: Floats) -> Model:
        spec, config, folds = self._spec, self._config, self._spec.evaluation.folds
        step = f"fitting fold {self._fits} of {folds}" if self._fits else "fitting the model"
        self._fits += 1

        def on_step() -> None:
            self._steps += 1
            self._report(step, self._steps / ((folds + 1) * config.steps))

        return fit_model(Examples(self._inputs, rows, label, spec.log_label), config, spec.seed, on_step)

    def fit_function(self, rows: Floats, label: Floats) -> PredictFunction:
        model = self.fit(rows, label)
        return lambda rows: predict(model, rows)
