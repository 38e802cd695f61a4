"""The one pipeline of all protocols and the form: validate the inputs, predict, validate the outputs, fall back.

It returns what was attempted; the HTTP room writes that down before anything is sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from app.codecs.batch import InputBatch
from app.errors import FieldError, InvalidInput, ModelFailed, NotReady
from app.inference.attempts import list_attempts, number_rows
from app.inference.fallback import Step, add_notices, fall_back, find_answering, is_to_blame, merge_predictions
from app.inference.intervals import flag_intervals, interval_ends, note_missing, require_level
from app.inference.recoding import find_recoder
from app.results import Attempt, PredictionResult, Warnings
from app.routing.cache import LoadedModel
from app.routing.router import ModelRouter
from app.routing.table import Route
from registry import CHAMPION, Float32Array, Signature

SLOW = 1.0  # in seconds: an answer that takes longer counts as a failure


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
        if warnings or watched or first or level is not None or len(rows) < len(inputs):
            step = _ask(route, inputs, rows)
        else:  # as nearly all are, and with a good outcome what follows would come to the same
            predictions, wrong, slow, fault = _run_model(route.model, inputs)
            if predictions is not None and not wrong:
                return _plain_result(route, inputs, predictions, rows)
            step = _make_step(route, inputs, rows, predictions, wrong, slow, fault)
        steps = [step]
        if step.errors:
            fall_back(steps, inputs, partial(_ask_fallback, route.model.signature))
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
            list_attempts(steps, warnings, first),
            [step.fault for step in steps if step.fault],
            (step.inputs, number_rows(rows, first), route.model.signature) if route.mirrored else None,
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


def _ask(route: Route, inputs: Float32Array, rows: Sequence[int]) -> Step:
    """Ask one version for some rows of a batch, float32 (n, k), by their positions in it."""
    if len(rows) < len(inputs):
        inputs = inputs[rows]
    if route.breaker is not None and not route.breaker.allow_request():
        errors = dict.fromkeys(rows, "it is not asked for a while, because it keeps failing")
        return Step(route, rows, inputs, None, errors, skipped=True)
    return _make_step(route, inputs, rows, *_run_model(route.model, inputs))


def _run_model(model: LoadedModel, inputs: Float32Array) -> tuple[Float32Array | None, Mapping[int, str], bool, str]:
    """Run a model for inputs, float32 (m, k).

    Returns:
        the predictions, float32 (m,), or None if it failed; what is wrong with some of them, by position; whether it
        took too long; and what it failed with.
    """
    started = time.perf_counter()
    try:
        predictions = model.predictor.predict(inputs)
    except Exception as error:  # noqa: BLE001 - whatever a runtime raises is a fault of this version
        fault = f"version {model.number} failed: {error!r}"
        return None, {}, time.perf_counter() - started > SLOW, fault
    return predictions, model.validator.validate_outputs(predictions), time.perf_counter() - started > SLOW, ""


def _make_step(
    route: Route,
    inputs: Float32Array,
    rows: Sequence[int],
    predictions: Float32Array | None,
    wrong: Mapping[int, str],
    slow: bool,
    fault: str,
) -> Step:
    """Return what a run of a route's model came to, for rows of a batch by their positions in it."""
    failed = predictions is None
    errors = dict.fromkeys(rows, "the model failed") if failed else {rows[place]: wrong[place] for place in wrong}
    return Step(route, rows, inputs, predictions, errors, slow, fault)


def _ask_fallback(signature: Signature, route: Route, inputs: Float32Array, rows: Sequence[int]) -> Step:
    """Ask one version for some rows of a batch that were encoded by another one's signature."""
    recoder = find_recoder(signature, route.model)
    if recoder is None:
        return _ask(route, inputs, rows)
    recoded = recoder.recode(inputs[rows])
    refused = {rows[place]: f"it was not asked: {text}" for place, text in recoded.refused.items()}
    taken = [row for row in rows if row not in refused]
    if not taken:
        return Step(route, rows, recoded.rows, None, refused, skipped=True)
    inputs = inputs.copy()
    inputs[rows] = recoded.rows
    step = _ask(route, inputs, taken)
    step.errors = dict(sorted((step.errors | refused).items()))
    return step


def _plain_result(
    route: Route, inputs: Float32Array, predictions: Float32Array, rows: Sequence[int]
) -> PredictionResult:
    """Return the result of a version that answered every row, with nothing to say of any."""
    model = route.model
    name = model.signature.model
    attempt = Attempt(name, model.number, route.role, inputs, predictions, None, rows, model.decoder.texts)
    return PredictionResult(predictions, name, model.number, {}, (), ModelFailed, (attempt,))


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
