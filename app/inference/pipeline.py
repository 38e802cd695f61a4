"""The one way to a prediction, for every protocol and the form: check, predict, check again, keep the rows to log.

If a version can't answer, another one does that was made ready for it (versions), and the answer says so. Knows no HTTP
and no protocol.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.codecs.batch import Table
from app.codecs.validation import output_refusal
from app.errors import FieldError
from app.http.context import RequestContext
from app.routing.router import ModelRouter
from app.routing.table import Route
from journal import encode_predictions
from registry import CHAMPION, Float32Array

logger = logging.getLogger(__name__)

Warnings = dict[int, list[FieldError]]

# A version that takes longer for an answer than this counts as failing, in seconds.
SLOW = 1.0


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """Predictions of shape (n,), float32, by which version, and the warnings of the rows that have some."""

    predictions: Float32Array
    model: str
    version: int
    warnings: Warnings


@dataclass(frozen=True, slots=True)
class PartialResult:
    """Predictions of shape (n,), float32, not to be sent for the rows that have problems; and the warnings by row."""

    predictions: Float32Array
    warnings: Warnings
    problems: list[FieldError]
    failed: bool  # whether one of the problems is the model's


class InferencePipeline:
    """Predicts, and keeps what has to be logged.

    Args:
        versions: is told how it went.
    """

    def __init__(self, versions: ModelRouter) -> None:
        self._versions = versions

    def predict(self, serving: Route, table: Table, record: RequestContext) -> PredictionResult:
        """Predict for a table of rows. Every row goes into the request's record, to be logged before anybody is told.

        Raises:
            Refusal: 422 if a value can't be predicted from, 500 if nobody has an answer that may be sent.
        """
        rows, warnings = serving.checks.inputs(table)
        asked = self._ask(serving, rows, warnings, record, None)
        record.version = asked.version
        if asked.wrong:
            raise output_refusal(asked.wrong)
        self._show_shadow(record, rows, None)
        if asked.notices:
            warnings = asked.add_notices(warnings)
        return PredictionResult(asked.predictions, serving.signature.model, asked.version, warnings)

    def predict_sound(self, serving: Route, table: Table, record: RequestContext, first: int) -> PartialResult:
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
            asked = self._ask(serving, rows, kept, record, numbers)
            record.version = record.version or asked.version
            predictions[sound] = asked.predictions
            noted = asked.add_notices(kept)
            warnings |= {sound[place]: items for place, items in noted.items()}
            failed = bool(asked.wrong)
            problems += [FieldError(sound[place], "", message) for place, message in asked.wrong.items()]
            self._show_shadow(record, rows, numbers)
        return PartialResult(predictions, warnings, problems, failed)

    def _show_shadow(self, record: RequestContext, rows: Float32Array, numbers: Sequence[int] | None) -> None:
        if self._versions.shadow() is not None:
            record.shadowed.append((rows, numbers))

    def _ask(
        self,
        serving: Route,
        rows: Float32Array,
        warnings: Warnings,
        record: RequestContext,
        numbers: Sequence[int] | None,
        instead_of: int = 0,
    ) -> _Asked:
        """Ask a version, and for what it can't answer the one that steps in for it.

        What nobody can answer says nothing against a version: it is to blame for what the next in line itself answered.
        """
        following, breaker = serving.instead, serving.breaker
        if following is not None and breaker is not None and not breaker.allows():
            nothing = _Asked.nothing(serving, len(rows), "it is not asked for a while, because it keeps failing")
            return self._step_in(following, nothing, rows, warnings, record, numbers)[0]
        started = time.perf_counter()
        try:
            predictions = serving.version.predictor.predict(rows)
        except RuntimeError as error:
            logger.error("request %s: version %d failed: %s", record.request_id, serving.version.number, error)
            asked = _Asked.nothing(serving, len(rows), "the model failed")
        else:
            wrong = serving.checks.outputs(predictions)
            noted = flags(len(rows), warnings, wrong, instead_of) if warnings or wrong or instead_of else None
            record.predictions.append(_encoded(serving, rows, predictions, noted, record, numbers))
            asked = _Asked(predictions, wrong, serving.version.number)
        slow = time.perf_counter() - started > SLOW
        failed = to_blame = bool(asked.wrong)
        failed_in_all = len(asked.wrong) == len(rows)
        if failed and following is not None:
            asked, to_blame = self._step_in(following, asked, rows, warnings, record, numbers)
        if breaker is not None and (slow or to_blame or not failed):
            breaker.note(failed=slow or (to_blame and failed_in_all))
        if not instead_of:
            # Each failure of the champion counts for its canary, which can't be asked the same.
            self._versions.judge(serving, failed if serving.role == CHAMPION else to_blame)
        return asked

    def _step_in(
        self,
        following: Route,
        asked: _Asked,
        rows: Float32Array,
        warnings: Warnings,
        record: RequestContext,
        numbers: Sequence[int] | None,
    ) -> tuple[_Asked, bool]:
        """Have another version answer the rows that this one could not; also, whether it did so itself for any."""
        places = sorted(asked.wrong)
        kept = {place: warnings[row] for place, row in enumerate(places) if row in warnings}
        some = places if numbers is None else [numbers[place] for place in places]
        answered = self._ask(following, rows[places], kept, record, some, asked.version)
        predictions = asked.predictions.copy()
        predictions[places] = answered.predictions
        wrong = {places[place]: message for place, message in answered.wrong.items()}
        version = answered.version if len(places) == len(rows) else asked.version
        told = f"answered by version {following.version.number}, the {following.role}: version {asked.version}:"
        notices = {
            row: answered.notices.get(place) or f"{told} {asked.wrong[row]}"  # whoever answered in the end says so
            for place, row in enumerate(places)
            if row not in wrong
        }
        itself = len(answered.wrong) + len(answered.notices) < len(places)
        return _Asked(predictions, wrong, version, notices), itself


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of asking: ``wrong`` says by row what is wrong with a prediction, ``notices`` who else gave it."""

    predictions: Float32Array
    wrong: dict[int, str]
    version: int
    notices: dict[int, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, serving: Route, count: int, reason: str) -> _Asked:
        none = np.full(count, np.nan, dtype=np.float32)
        return cls(none, dict.fromkeys(range(count), reason), serving.version.number)

    def add_notices(self, warnings: Warnings) -> Warnings:
        return {
            row: [*warnings.get(row, ()), *([FieldError(row, "", self.notices[row])] if row in self.notices else ())]
            for row in sorted(warnings.keys() | self.notices.keys())
        }


def _encoded(
    serving: Route,
    rows: Float32Array,
    predictions: Float32Array,
    noted: list[str] | None,
    record: RequestContext,
    numbers: Sequence[int] | None,
) -> bytes:
    """The rows of the prediction log."""
    return encode_predictions(
        record.time,
        record.request_id,
        serving.signature.model,
        serving.version.number,
        serving.role,
        rows,
        predictions,
        noted,
        numbers,
    )


def flags(count: int, warnings: Warnings, wrong: dict[int, str], instead_of: int = 0) -> list[str]:
    """The flags column: which inputs were outside the training range, whether the output failed its check, and which
    version should have answered."""
    found = [""] * count
    for row in warnings.keys() | wrong.keys():
        parts = [f"{warning.input}:outside_training" for warning in warnings.get(row, ())]
        found[row] = " ".join([*parts, "output:implausible"] if row in wrong else parts)
    return [f"{flag} instead_of:{instead_of}".lstrip() for flag in found] if instead_of else found
