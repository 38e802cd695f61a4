"""A step of a prediction: one version is asked for some rows of a batch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.inference.recoding import find_recoder
from app.routing.cache import LoadedModel
from app.routing.table import Route
from registry import Float32Array, Signature

SLOW = 1.0  # in seconds: an answer that takes longer counts as a failure


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


def ask(route: Route, inputs: Float32Array, rows: Sequence[int]) -> Step:
    """Ask one version for some rows of a batch, float32 (n, k), by their positions in it."""
    if len(rows) < len(inputs):
        inputs = inputs[rows]
    if route.breaker is not None and not route.breaker.allow_request():
        errors = dict.fromkeys(rows, "it is not asked for a while, because it keeps failing")
        return Step(route, rows, inputs, None, errors, skipped=True)
    return make_step(route, inputs, rows, *run_model(route.model, inputs))


def run_model(model: LoadedModel, inputs: Float32Array) -> tuple[Float32Array | None, Mapping[int, str], bool, str]:
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


def make_step(
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


def ask_recoded(signature: Signature, route: Route, inputs: Float32Array, rows: Sequence[int]) -> Step:
    """Ask one version for some rows of a batch that were encoded by another one's signature."""
    recoder = find_recoder(signature, route.model)
    if recoder is None:
        return ask(route, inputs, rows)
    recoded = recoder.recode(inputs[rows])
    refused = {rows[place]: f"it was not asked: {text}" for place, text in recoded.refused.items()}
    taken = [row for row in rows if row not in refused]
    if not taken:
        return Step(route, rows, recoded.rows, None, refused, skipped=True)
    inputs = inputs.copy()
    inputs[rows] = recoded.rows
    step = ask(route, inputs, taken)
    step.errors = dict(sorted((step.errors | refused).items()))
    return step
