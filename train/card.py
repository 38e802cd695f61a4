"""The papers of a version: signature.json, card.json, reference.csv and test.csv.

Owns their content. Knows neither TensorFlow nor how the figures were found.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry import Input, Output, Signature, SignatureError
from registry.promotion_gates import REFERENCE, TEST
from train.data import Data, Floats
from train.errors import TrainError
from train.gates import Gate
from train.judge import Slice, Verdict
from train.spec import InputSpec, Spec

REFERENCE_ROWS = 10_000  # enough for any drift test


def signature(spec: Spec, data: Data) -> Signature:
    """What the model will eat and give; ranges and examples are those of the training rows.

    Raises:
        TrainError: if the spec's names can't stand in a signature.
    """
    training = data.inputs[data.train]
    try:
        return Signature(
            model=spec.model,
            title=spec.title,
            inputs=tuple(_input(item, training[:, column]) for column, item in enumerate(spec.inputs)),
            output=Output(spec.label.name, spec.label.label, spec.label.unit, spec.label.plausible),
        )
    except SignatureError as error:
        raise TrainError(f"{spec.file}: {error}") from error


def write_reference(spec: Spec, data: Data, folder: Path) -> None:
    """Write reference.csv: training rows in full precision, by the spec's names, at most REFERENCE_ROWS of them."""
    rows = data.train
    if len(rows) > REFERENCE_ROWS:
        rows = np.random.default_rng(spec.seed).choice(rows, REFERENCE_ROWS, replace=False)
    _write_rows(spec, data, rows, folder / REFERENCE)


def write_test(spec: Spec, data: Data, folder: Path) -> None:
    """Write test.csv: the test rows, likewise; a later version is compared with the champion on its own test rows."""
    _write_rows(spec, data, data.test, folder / TEST)


def _write_rows(spec: Spec, data: Data, rows: NDArray[np.int64], file: Path) -> None:
    table = pd.DataFrame(data.inputs[rows], columns=[item.name for item in spec.inputs])
    table[spec.label.name] = data.label[rows]
    table.to_csv(file, index=False)


def write_json(file: Path, content: Any) -> None:
    """Write JSON for people and machines."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def described(spec: Spec, data: Data) -> dict[str, Any]:
    """The card's part on where the model comes from."""
    return {
        "spec": {"file": spec.file.name, "sha256": spec.sha256, "content": dict(spec.content)},
        "data": {"file": spec.data.name, "sha256": spec.data_sha256, "rows": len(data.label)},
        "split": {
            "seed": spec.seed,
            "training_rows": len(data.train),
            "test_rows": len(data.test),
            # of the test rows' positions in the file, from 0, as little-endian 64-bit integers
            "test_rows_sha256": hashlib.sha256(data.test.astype("<i8").tobytes()).hexdigest(),
        },
    }


def judged(
    model: Verdict,
    intervals: dict[str, tuple[float, float]],
    rivals: dict[str, Verdict],
    slices: list[Slice],
    parity: dict[str, Any],
    gates: list[Gate],
) -> dict[str, Any]:
    """The card's part on how good the model is."""
    return {
        "metrics": model.metrics,
        "intervals": intervals,
        "cv": _cv(model),
        "baselines": {name: {"metrics": rival.metrics, "cv": _cv(rival)} for name, rival in rivals.items()},
        "slices": [asdict(item) for item in slices],
        "parity": parity,
        "gates": [{"name": g.name, "limit": g.limit, "value": g.value, "passed": g.passed} for g in gates],
    }


def _cv(verdict: Verdict) -> dict[str, Any]:
    return {"folds": len(verdict.fold_rmse), "rmse": verdict.cv_rmse, "fold_rmse": verdict.fold_rmse}


def _input(item: InputSpec, values: Floats) -> Input:
    return Input(
        name=item.name,
        label=item.label,
        unit=item.unit,
        aliases=item.aliases,
        limits=item.limits,
        training=(float(values.min()), float(values.max())),
        example=item.example if item.example is not None else _typical(item, values),
        categories=item.categories,
        category_labels=item.category_labels,
    )


def _typical(item: InputSpec, values: Floats) -> float:
    """The median, or the most frequent category."""
    if not item.categories:
        return float(np.median(values))
    codes, counts = np.unique(values, return_counts=True)
    return float(codes[np.argmax(counts)])
