"""The metadata of a version: signature.json, card.json, reference.csv and test.csv.

Owns the content of these files; the values come from the other modules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from registry import Input, Signature, SignatureError, rows
from registry.rows import REFERENCE, TEST
from registry.signature import is_sendable
from train.dataset import Dataset
from train.errors import TrainError
from train.evaluation import Evaluation
from train.spec import FittedFile, OwnNetwork, Spec

REFERENCE_ROWS = 10_000  # enough for any drift test


def build_signature(spec: Spec, data: Dataset) -> Signature:
    """Return the signature of the model; its training ranges and examples come from the training rows.

    Raises:
        TrainError: if a name in the spec is not allowed in a signature.
    """
    inputs = data.described
    if isinstance(spec.fit, FittedFile):
        inputs = tuple(
            replace(item, missing=replace(item.missing, fills_in_model=False)) if item.missing else item
            for item in inputs
        )
    parts_only = unsendable_dates(inputs)
    inputs = tuple(
        replace(item, date=None) if item.date and item.date.column in parts_only else item for item in inputs
    )
    try:
        return Signature(model=spec.model, title=spec.title, inputs=inputs, output=spec.label)
    except SignatureError as error:
        raise TrainError(f"{spec.file}: {error}") from error


def unsendable_dates(inputs: Sequence[Input]) -> dict[str, str]:
    """Return the columns of dates that clients can't send as they are, each with the reason: only its parts."""
    owners = {name: item.name for item in inputs for name in item.names}
    reasons = {}
    for item in inputs:
        if item.date and item.date.column in owners:
            reasons[item.date.column] = f"it is a name of the input {owners[item.date.column]}; give that another name"
        elif item.date and not is_sendable(item.date.column):
            reasons[item.date.column] = "its name can't be sent; give it another one in the file"
    return reasons


def write_rows(spec: Spec, signature: Signature, data: Dataset, folder: Path) -> None:
    """Write reference.csv and test.csv.

    reference.csv has the training rows for drift tests: all, or a random sample of REFERENCE_ROWS. test.csv has the
    test rows; a promotion compares the version with the champion on them.
    """
    reference = data.train_rows
    if len(reference) > REFERENCE_ROWS:
        reference = np.random.default_rng(spec.seed).choice(reference, REFERENCE_ROWS, replace=False)
    for name, positions in ((REFERENCE, reference), (TEST, data.test_rows)):
        rows.write_rows(folder / name, signature, data.inputs[positions], data.label[positions])


def write_json(file: Path, content: Any) -> None:
    """Write indented JSON.

    Raises:
        ValueError: if a number is not finite.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def provenance_section(spec: Spec, data: Dataset) -> dict[str, Any]:
    """Return the part of card.json that says what the model was made from."""
    source: dict[str, Any] = {"file": spec.data_file.name, "sha256": spec.data_sha256, "rows": len(data.label)}
    if data.unlabelled:
        source["unlabelled"] = data.unlabelled  # further rows of the file, which have no label
    if data.merged:
        source["merged"] = data.merged  # by input, the levels that became its level for others
    return {
        "spec": {"file": spec.file.name, "sha256": spec.sha256, "content": dict(spec.content)},
        "data": source,
        "split": {
            "seed": spec.seed,
            "copies": data.copies,  # rows with the inputs of an earlier row, which are on the side of that row
            "training_rows": len(data.train_rows),
            "test_rows": len(data.test_rows),
            "test_rows_sha256": test_rows_digest(data),
        },
        "monitor": {"effect": spec.effect},
    }


def source_section(spec: Spec, faults: Mapping[str, str]) -> dict[str, Any]:
    """Return what card.json says of a model that is no network of ours: nothing else.

    Args:
        faults: why a runtime can't run it, by the runtime's name.
    """
    if isinstance(spec.fit, OwnNetwork):
        source = {"file": spec.fit.source.name, "sha256": spec.fit.sha256, "function": spec.fit.function}
        return {"build": source, "runtime_faults": dict(faults)}
    if isinstance(spec.fit, FittedFile):
        file = spec.fit.file
        fitted = {"file": file.path.name, "kind": file.kind, "sha256": file.sha256, "training_rows": "unknown"}
        return {"fitted": fitted, "runtime_faults": dict(faults)}
    return {}


def test_rows_digest(data: Dataset) -> str:
    """Return the SHA-256 of the test rows' positions, from 0, as little-endian 64-bit integers.

    They are positions among the rows of the file that have a label.
    """
    return hashlib.sha256(data.test_rows.astype("<i8").tobytes()).hexdigest()


def metrics_section(evaluation: Evaluation) -> dict[str, Any]:
    """Return what card.json says of the model and of each baseline; without cross-validation, null for it."""
    if not evaluation.fold_rmse:
        return {"metrics": evaluation.metrics, "cv": None}
    folds = {"folds": len(evaluation.fold_rmse), "rmse": evaluation.cv_rmse, "fold_rmse": evaluation.fold_rmse}
    return {"metrics": evaluation.metrics, "cv": folds}
