"""A fitted file as a model of the pipeline: a child process opens and exports it, then the exported files predict."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry import Signature
from registry.model_files import runtime_of
from registry.predictor import MODEL_FILES, fill_before, fill_missing, load_predictor
from train.dataset import Dataset, Floats
from train.errors import TrainError
from train.evaluation import PredictFunction
from train.spec import FittedFile, Spec
from train.stderr import suppress_stderr

TIMEOUT = 600  # seconds that the child may take


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted file that can be published.

    Attributes:
        predict: what the version predicts, for rows in which values may be missing.
        predictions: of the file itself, float64 (n,), for all rows of the data.
        faults: why a runtime can't run it, by the runtime's name.
    """

    predict: PredictFunction
    predictions: Floats
    parameters: int
    weights_sha256: str
    faults: Mapping[str, str]


def open_fitted(fit: FittedFile, spec: Spec, data: Dataset, signature: Signature, folder: Path) -> FittedModel:
    """Open a fitted file in a child process, which writes its exports into a folder.

    Raises:
        TrainError: if it can't be served, with what to do.
    """
    rows = fill_missing(signature.inputs, data.inputs).astype(np.float32)
    names = [[item.name, item.column, *item.aliases] for item in spec.inputs]
    with tempfile.TemporaryDirectory() as scratch:
        np.save(Path(scratch, "rows.npy"), rows)
        task = {
            "file": str(fit.file.copy(Path(scratch))),
            "kind": fit.file.kind,
            "inputs": names,
            "folder": str(folder),
            "scratch": scratch,
            "timeout": TIMEOUT,
        }
        answer = _ask_child(fit.file.path, Path(scratch), task)
        predictions = np.load(Path(scratch, "predictions.npy"))
    runtime = runtime_of([file.name for file in folder.iterdir()])
    with suppress_stderr():
        predictor = fill_before(load_predictor((folder / MODEL_FILES[runtime]).read_bytes(), runtime), signature.inputs)
    return FittedModel(
        predict=lambda rows: predictor.predict(rows.astype(np.float32)).astype(np.float64),
        predictions=predictions,
        parameters=answer["parameters"],
        weights_sha256=answer["weights_sha256"],
        faults=answer["faults"],
    )


def _ask_child(path: Path, scratch: Path, task: Mapping[str, object]) -> dict[str, Any]:
    """Return the answer of the child."""
    # A fresh interpreter, which imports what this one does.
    program = f"import sys; sys.path[:] = {sys.path!r}; from train.fitted.keras_loader import main; main()"
    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, "-c", program], input=json.dumps(task).encode(), capture_output=True, check=False
    )
    if done.returncode == -signal.SIGALRM:
        raise TrainError(f"{path}: Keras gave no answer in {TIMEOUT} s; nothing was published")
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise TrainError(f"{path}: the process that opened it crashed with {name}; nothing was published")
    try:
        answer: dict[str, Any] = json.loads((scratch / "answer.json").read_bytes())
    except (OSError, ValueError):
        last = "".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise TrainError(f"{path}: the process that opened it ended with status {done.returncode}: {last}") from None
    if "error" in answer:
        raise TrainError(f"{path}: {answer['error']}")
    return answer
