"""The metadata of a version: signature.json, card.json, reference.csv and test.csv.

Owns the content of these files; the values come from the other modules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from registry import Input, Output, Signature, SignatureError
from registry.promotion_gates import REFERENCE, TEST
from train.dataset import Dataset, Floats, Indices
from train.errors import TrainError
from train.evaluation import Evaluation, Slice
from train.gates import MetricGate
from train.spec import InputSpec, Spec

REFERENCE_ROWS = 10_000  # enough for any drift test


def build_signature(spec: Spec, data: Dataset) -> Signature:
    """Return the signature of the model; its training ranges and examples come from the training rows.

    Raises:
        TrainError: if a name in the spec is not allowed in a signature.
    """
    training = data.inputs[data.train_rows]
    try:
        return Signature(
            model=spec.model,
            title=spec.title,
            inputs=tuple(_input(item, training[:, column]) for column, item in enumerate(spec.inputs)),
            output=Output(spec.label.name, spec.label.label, spec.label.unit, spec.label.plausible),
        )
    except SignatureError as error:
        raise TrainError(f"{spec.file}: {error}") from error


def write_reference(spec: Spec, data: Dataset, folder: Path) -> None:
    """Write reference.csv, the training rows for drift tests: all, or a random sample of REFERENCE_ROWS.

    The columns are the names of the inputs and of the label; the values have full precision.
    """
    rows = data.train_rows
    if len(rows) > REFERENCE_ROWS:
        rows = np.random.default_rng(spec.seed).choice(rows, REFERENCE_ROWS, replace=False)
    _write_rows(spec, data, rows, folder / REFERENCE)


def write_test(spec: Spec, data: Dataset, folder: Path) -> None:
    """Write test.csv, the test rows, in the same format. A promotion compares the version with the champion on them."""
    _write_rows(spec, data, data.test_rows, folder / TEST)


def write_json(file: Path, content: Any) -> None:
    """Write indented JSON.

    Raises:
        ValueError: if a number is not finite.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def provenance_section(spec: Spec, data: Dataset) -> dict[str, Any]:
    """Return the part of card.json that says what the model was made from."""
    return {
        "spec": {"file": spec.file.name, "sha256": spec.sha256, "content": dict(spec.content)},
        "data": {"file": spec.data_file.name, "sha256": spec.data_sha256, "rows": len(data.label)},
        "split": {
            "seed": spec.seed,
            "training_rows": len(data.train_rows),
            "test_rows": len(data.test_rows),
            # of the test rows' positions in the file, from 0, as little-endian 64-bit integers
            "test_rows_sha256": hashlib.sha256(data.test_rows.astype("<i8").tobytes()).hexdigest(),
        },
    }


def evaluation_section(
    model: Evaluation,
    intervals: Mapping[str, tuple[float, float]],
    baselines: Mapping[str, Evaluation],
    slices: Sequence[Slice],
    parity: Mapping[str, Any],
    gates: Sequence[MetricGate],
) -> dict[str, Any]:
    """Return the part of card.json that says how well the model predicts."""
    return {
        "metrics": model.metrics,
        "intervals": intervals,
        "cv": _cv(model),
        "baselines": {name: {"metrics": item.metrics, "cv": _cv(item)} for name, item in baselines.items()},
        "slices": [asdict(item) for item in slices],
        "parity": parity,
        "gates": [{**asdict(gate), "passed": gate.passed} for gate in gates],
    }


def _write_rows(spec: Spec, data: Dataset, rows: Indices, file: Path) -> None:
    table = pd.DataFrame(data.inputs[rows], columns=[item.name for item in spec.inputs])
    table[spec.label.name] = data.label[rows]
    table.to_csv(file, index=False)


def _cv(evaluation: Evaluation) -> dict[str, Any]:
    return {"folds": len(evaluation.fold_rmse), "rmse": evaluation.cv_rmse, "fold_rmse": evaluation.fold_rmse}


def _input(item: InputSpec, values: Floats) -> Input:
    return Input(
        name=item.name,
        label=item.label,
        unit=item.unit,
        aliases=item.aliases,
        limits=item.limits,
        training=(float(values.min()), float(values.max())),
        example=item.example if item.example is not None else _typical_value(item, values),
        categories=item.categories,
        category_labels=item.category_labels,
    )


def _typical_value(item: InputSpec, values: Floats) -> float:
    """Return the median, or the most frequent category."""
    if not item.categories:
        return float(np.median(values))
    codes, counts = np.unique(values, return_counts=True)
    return float(codes[np.argmax(counts)])
