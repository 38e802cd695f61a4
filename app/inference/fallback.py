"""The fallback: who is asked for the rows without an answer, and what the whole chain comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.errors import FieldError
from app.results import Warnings
from app.routing.table import Route
from registry import Float32Array


@dataclass(slots=True)
class Step:
    """What one route gave for some rows of a batch.

    Attributes:
        rows: which of the batch's rows these are, m positions in ascending order.
        inputs: theirs, float32 (m, k).
        predictions: float32 (m,); None if the model failed, or was not asked.
        errors: why a row has no answer, by row of the batch; also rows that the model does not take.
        slow: whether it took too long.
        fault: what the model failed with, for the error log.
        skipped: whether the model was not asked: its circuit breaker is open, or it takes none of the rows.
    """

    route: Route
    rows: Sequence[int]
    inputs: Float32Array
    predictions: Float32Array | None
    errors: dict[int, str]
    slow: bool = False
    fault: str = ""
    skipped: bool = False

    @property
    def answers_nothing(self) -> bool:
        """Whether no row has an answer."""
        return self.predictions is None or all(row in self.errors for row in self.rows)


def fall_back(
    steps: list[Step], inputs: Float32Array, ask: Callable[[Route, Float32Array, Sequence[int]], Step]
) -> None:
    """Ask the fallback for the rows that the last step has no answer for, then its fallback, and so on.

    Args:
        steps: the first step; the others are appended.
        inputs: of the batch, float32 (n, k).
        ask: asks a route for some rows of the inputs.
    """
    while steps[-1].errors and (fallback := steps[-1].route.fallback) is not None:
        steps.append(ask(fallback, inputs, sorted(steps[-1].errors)))


def find_answering(steps: Sequence[Step]) -> Route:
    """Return the first route that answered a row; the last one, if none did."""
    return next((step for step in steps if not step.answers_nothing), steps[-1]).route


def is_to_blame(steps: Sequence[Step], position: int) -> bool:
    """Return whether the failure of a step speaks against its version.

    It does if there is no fallback, or if the fallback answered a row. Rows that nobody can answer say nothing.
    """
    if not steps[position].errors:
        return False
    return position + 1 == len(steps) or not steps[position + 1].answers_nothing


def merge_predictions(steps: Sequence[Step], count: int) -> Float32Array:
    """Return the last prediction for each row, float32 (n,); NaN where there is none."""
    predictions = np.full(count, np.nan, dtype=np.float32)
    for step in steps:
        if step.predictions is not None:
            predictions[step.rows] = step.predictions
    return predictions


def add_notices(warnings: Warnings, steps: Sequence[Step]) -> Warnings:
    """Return the warnings, and for each row that a fallback answered one that says so."""
    merged = {row: list(items) for row, items in warnings.items()}
    for failed, fallback in pairwise(steps):
        answered = f"answered by version {fallback.route.model.number}, the {fallback.route.role}"
        for row in fallback.rows:
            if row not in fallback.errors:
                reason = f"version {failed.route.model.number}: {failed.errors[row]}"
                merged.setdefault(row, []).append(FieldError(row, "", f"{answered}: {reason}"))
    return dict(sorted(merged.items()))
