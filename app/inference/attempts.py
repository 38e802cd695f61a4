"""What the prediction log shows of the versions that were asked: their rows, and flags about them."""

from __future__ import annotations

from collections.abc import Sequence

from app.inference.fallback import Step
from app.results import Attempt, Warnings


def format_flags(
    rows: Sequence[int], warnings: Warnings, errors: dict[int, str], fallback_for: int = 0
) -> list[str] | None:
    """Return the flags column for rows of a batch, m texts; None if there is nothing to say of any.

    Args:
        warnings: of inputs that are outside the training range, missing or not known, by row.
        errors: of outputs that are not plausible, by row.
        fallback_for: the version that should have answered; 0 if this is the one.
    """
    if not warnings and not errors and not fallback_for:
        return None
    suffix = [f"instead_of:{fallback_for}"] if fallback_for else []
    flags = [" ".join(suffix)] * len(rows)
    if warnings or errors:
        for position, row in enumerate(rows):
            if row in warnings or row in errors:
                words = [f"{warning.input}:{warning.flag}" for warning in warnings.get(row, ())]
                flags[position] = " ".join([*words, *["output:implausible"] * (row in errors), *suffix])
    return flags


def _attempt(step: Step, flags: Sequence[str] | None, first: int) -> Attempt:
    """Return the rows that a version predicted for, with what was noticed about each."""
    assert step.predictions is not None  # noqa: S101 - else there is nothing to log
    model, numbers = step.route.model, number_rows(step.rows, first)
    name, texts = model.signature.model, model.decoder.texts
    return Attempt(name, model.number, step.route.role, step.inputs, step.predictions, flags, numbers, texts)


def list_attempts(steps: Sequence[Step], warnings: Warnings, first: int) -> list[Attempt]:
    """Return what the prediction log shows: the rows that each version predicted for."""
    attempts = []
    fallback_for = 0
    for step in steps:
        if step.predictions is not None:
            attempts.append(_attempt(step, format_flags(step.rows, warnings, step.errors, fallback_for), first))
        fallback_for = step.route.model.number
    return attempts


def number_rows(rows: Sequence[int], first: int) -> Sequence[int]:
    """Return which rows of the request some rows of a batch are."""
    return [first + row for row in rows] if first else rows
