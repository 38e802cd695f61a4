"""The one way to a prediction, for every protocol and the form: check, predict, check again, keep the rows to log.

Knows no HTTP and no protocol. Which version is asked is decided before (versions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.checks import output_refusal
from app.decode import Table
from app.errors import Problem
from app.record import Record
from app.versions import Serving
from journal import encode_predictions
from registry import Rows


@dataclass(frozen=True, slots=True)
class Answer:
    """Predictions of shape (n,), float32, by which version, and the warnings of the rows that have some."""

    predictions: Rows
    model: str
    version: int
    warnings: dict[int, list[Problem]]


@dataclass(frozen=True, slots=True)
class Partial:
    """Predictions of shape (n,), float32, not to be sent for the rows that have problems; and the warnings by row."""

    predictions: Rows
    warnings: dict[int, list[Problem]]
    problems: list[Problem]
    failed: bool  # whether one of the problems is the model's


def predict(serving: Serving, table: Table, record: Record) -> Answer:
    """Predict for a table of rows. Every row goes into the request's record, to be logged before anybody is told.

    Raises:
        Refusal: 422 if a value can't be predicted from, 500 if an output fails its check.
    """
    rows, warnings = serving.checks.inputs(table)
    predictions, wrong = _run(serving, rows, warnings, record)
    if wrong:
        raise output_refusal(wrong)
    return Answer(predictions, serving.signature.model, serving.version.number, warnings)


def predict_sound(serving: Serving, table: Table, record: Record, first: int) -> Partial:
    """Predict for those rows of a table that can be predicted from: one bad row does not spoil the others.

    Args:
        first: which row of the request is the first of the table.
    """
    warnings, problems = serving.checks.find(table)
    count = len(table.values)
    predictions = np.full(count, np.nan, dtype=np.float32)
    bad = {problem.row for problem in problems}
    warnings = {row: items for row, items in warnings.items() if row not in bad}
    failed = False
    sound = [row for row in range(count) if row not in bad]
    if sound:
        rows = table.values[sound].astype(np.float32)
        numbers = [first + row for row in sound]
        kept = {place: warnings[row] for place, row in enumerate(sound) if row in warnings} if warnings else {}
        predictions[sound], wrong = _run(serving, rows, kept, record, numbers)
        failed = bool(wrong)
        problems += [Problem(sound[place], "", message) for place, message in wrong.items()]
    return Partial(predictions, warnings, problems, failed)


def _run(
    serving: Serving,
    rows: Rows,
    warnings: dict[int, list[Problem]],
    record: Record,
    numbers: Sequence[int] | None = None,
) -> tuple[Rows, dict[int, str]]:
    """Predictions, and what is wrong with which; both in the record."""
    version = serving.version
    predictions = version.predictor.predict(rows)
    wrong = serving.checks.outputs(predictions)
    flags = _flags(len(rows), warnings, wrong) if warnings or wrong else None
    record.version = version.number
    record.predictions.append(
        encode_predictions(
            record.time,
            record.request_id,
            serving.signature.model,
            version.number,
            serving.role,
            rows,
            predictions,
            flags,
            numbers,
        )
    )
    return predictions, wrong


def _flags(count: int, warnings: dict[int, list[Problem]], wrong: dict[int, str]) -> list[str]:
    """The flags column: which inputs were outside the training range, and whether the output failed its check."""
    flags = [""] * count
    for row in warnings.keys() | wrong.keys():
        parts = [f"{warning.input}:outside_training" for warning in warnings.get(row, ())]
        flags[row] = " ".join([*parts, "output:implausible"] if row in wrong else parts)
    return flags
