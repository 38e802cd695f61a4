"""The one pipeline of all protocols and the form: validate the inputs, predict, validate the outputs, fall back.

It returns what was attempted; the HTTP room writes that down before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from app.codecs.batch import InputBatch
from app.errors import FieldError, InvalidInput, ModelFailed, NotReady
from app.inference.fallback import add_notices, fall_back, find_answering, is_to_blame, merge_predictions
from app.inference.intervals import flag_intervals, interval_ends, note_missing, require_level
from app.inference.step import Step, ask, ask_recoded, make_step, run_model
from app.results import Attempt, PredictionResult, Warnings
from app.routing.router import ModelRouter
from app.routing.table import Route
from registry import CHAMPION, Float32Array


class InferencePipeline:
    """Predicts along a route.

    Args:
        router: gets the outcomes of a canary and its champion.
    """

    def __init__(self, router: ModelRouter) -> None:
        self._router = router

    def predict(self, route: Route, batch: InputBatch, level: float | None = None) -> PredictionResult:
        """Predict for every row of a batch, (n, k).

        Args:
            level: of the interval that each prediction is to have: 0.9 holds nine in ten.

        Raises:
            InvalidInput: if a value of any row can't be predicted from.
            MalformedRequest: if the version has no interval of that level.
        """
        if level is not None:
            require_level(route.model.signature, route.model.number, level)
        inputs, warnings = route.model.validator.validate_inputs(batch)
        return self._predict(route, inputs, range(len(inputs)), warnings, 0, level)

    def predict_partial(
        self, route: Route, batch: InputBatch, first: int, level: float | None = None
    ) -> PredictionResult:
        """Predict for those rows of a batch that can be predicted from; the others are among the result's errors.

        Args:
            first: which row of the request is the first of the batch.
            level: of the interval that each prediction is to have.

        Raises:
            MalformedRequest: if the version has no interval of that level.
        """
        if level is not None:
            require_level(route.model.signature, route.model.number, level)
        warnings, errors = route.model.validator.find_errors(batch)
        values = batch.values
        if not errors:
            rows = route.model.validator.make_rows(values)
            return self._predict(route, rows, range(len(values)), warnings, first, level)
        bad = {error.row for error in errors}
        sound = [row for row in range(len(values)) if row not in bad]
        if not sound:
            model, predictions = route.model, np.full(len(values), np.nan, dtype=np.float32)
            result = PredictionResult(predictions, model.signature.model, model.number, {}, errors, InvalidInput, ())
            return result if level is None else replace(result, intervals=np.full((len(values), 2), np.nan, np.float32))
        inputs = np.full(values.shape, np.nan, dtype=np.float32)
        inputs[sound] = route.model.validator.make_rows(values[sound])
        warnings = {row: items for row, items in warnings.items() if row not in bad}
        result = self._predict(route, inputs, sound, warnings, first, level)
        error_type = result.error_type if result.errors else InvalidInput
        return replace(result, errors=[*errors, *result.errors], error_type=error_type)

    def _predict(
        self,
        route: Route,
        inputs: Float32Array,
        rows: Sequence[int],
        warnings: Warnings,
        first: int,
        level: float | None,
    ) -> PredictionResult:
        """Predict for some rows of a batch, float32 (n, k), by their positions in it."""
        watched = route.breaker is not None or route.analysed or route.mirrored
        if warnings or watched or level is not None or len(rows) < len(inputs):
            step = ask(route, inputs, rows)
        else:  # as nearly all are, and with a good outcome what follows would come to the same
            predictions, wrong, slow, fault = run_model(route.model, inputs)
            if predictions is not None and not wrong:
                return _plain_result(route, inputs, predictions, _number_rows(rows, first))
            step = make_step(route, inputs, rows, predictions, wrong, slow, fault)
        steps = [step]
        if step.errors:
            fall_back(steps, inputs, partial(ask_recoded, route.model.signature))
        self._record_outcomes(steps)
        predictions, answering = step.predictions, route
        if len(steps) > 1 or predictions is None or len(predictions) < len(inputs):
            predictions, answering = merge_predictions(steps, len(inputs)), find_answering(steps)
        errors = [FieldError(row, "", message) for row, message in steps[-1].errors.items()]
        result = PredictionResult(
            predictions,
            route.model.signature.model,
            answering.model.number,
            add_notices(warnings, steps) if len(steps) > 1 else warnings,
            errors,
            NotReady if steps[-1].predictions is None else ModelFailed,
            _attempts(steps, warnings, first),
            [step.fault for step in steps if step.fault],
            (step.inputs, _number_rows(rows, first), route.model.signature) if route.mirrored else None,
        )
        return result if level is None else _with_intervals(result, steps, level)

    def _record_outcomes(self, steps: Sequence[Step]) -> None:
        for position, step in enumerate(steps):
            breaker, analysed = step.route.breaker, step.route.analysed and not position
            if step.skipped or (breaker is None and not analysed):
                continue
            blame = is_to_blame(steps, position)
            if breaker is not None and (step.slow or blame or not step.errors):
                breaker.record(success=not step.slow and not (blame and step.answers_nothing))
            if analysed:
                # Each failure of the champion counts: nobody knows whether the canary would fail with that request too.
                failed = bool(step.errors) if step.route.role == CHAMPION else blame
                self._router.record_outcome(step.route, failed=failed)


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


def _plain_result(
    route: Route, inputs: Float32Array, predictions: Float32Array, numbers: Sequence[int]
) -> PredictionResult:
    """Return the result of a version that answered every row, with nothing to say of any."""
    model = route.model
    name = model.signature.model
    attempt = Attempt(name, model.number, route.role, inputs, predictions, None, numbers, model.decoder.texts)
    return PredictionResult(predictions, name, model.number, {}, (), ModelFailed, (attempt,))


def _attempt(step: Step, flags: Sequence[str] | None, first: int) -> Attempt:
    """Return the rows that a version predicted for, with what was noticed about each."""
    assert step.predictions is not None  # noqa: S101 - else there is nothing to log
    model, numbers = step.route.model, _number_rows(step.rows, first)
    name, texts = model.signature.model, model.decoder.texts
    return Attempt(name, model.number, step.route.role, step.inputs, step.predictions, flags, numbers, texts)


def _attempts(steps: Sequence[Step], warnings: Warnings, first: int) -> list[Attempt]:
    """Return what the prediction log shows: the rows that each version predicted for."""
    attempts = []
    fallback_for = 0
    for step in steps:
        if step.predictions is not None:
            attempts.append(_attempt(step, format_flags(step.rows, warnings, step.errors, fallback_for), first))
        fallback_for = step.route.model.number
    return attempts


def _with_intervals(result: PredictionResult, steps: Sequence[Step], level: float) -> PredictionResult:
    """Return a result, which is new, with the interval of each row, in its flags too."""
    intervals = np.full((len(result.predictions), 2), np.nan, dtype=np.float32)
    answered = [step for step in steps if step.predictions is not None]
    for step, attempt in zip(answered, result.attempts, strict=True):
        ends = interval_ends(step, level)
        attempt.flags = flag_intervals(attempt.flags, ends, level)
        intervals[step.rows] = ends  # a fallback's take the places of those that are missing
    if notices := note_missing(answered, level):
        warnings = dict(result.warnings)
        for row, notice in notices.items():
            warnings[row] = [*warnings.get(row, ()), notice]
        result.warnings = dict(sorted(warnings.items()))
    result.intervals = intervals
    return result


def _number_rows(rows: Sequence[int], first: int) -> Sequence[int]:
    """Return which rows of the request some rows of a batch are."""
    return [first + row for row in rows] if first else rows
