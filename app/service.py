"""The one way to a prediction, for every protocol and the form: check, predict, check again, keep the rows to log.

Knows no HTTP. Holds the champion: opened at start, and opened again by itself after it could not be.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.checks import Checks, output_refusal
from app.decode import Decoder, Table
from app.errors import Problem, Refusal
from app.record import Record
from app.settings import Settings
from journal import Journal, encode_predictions, prediction_columns
from registry import CHAMPION, RegistryError, Rows, Signature, Store, Version

logger = logging.getLogger(__name__)

# How long to leave a champion alone that could not be opened, in seconds.
_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Predictions of shape (n,), float32, by which version, and the warnings of the rows that have some."""

    predictions: Rows
    model: str
    version: int
    warnings: dict[int, list[Problem]]


@dataclass(frozen=True, slots=True)
class Serving:
    """A version with what is made once for it."""

    version: Version
    decoder: Decoder
    checks: Checks

    @property
    def signature(self) -> Signature:
        """What the version eats and gives."""
        return self.version.signature


class Service:
    """Predicts with the champion of one model.

    Args:
        journal: is told the columns of the prediction log, once they are known.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = Store(settings.models, settings.model)
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._serving: Serving | None = None
        self._reason = ""
        self._next_try = clock()

    def champion(self) -> Serving:
        """The champion, ready to predict.

        Raises:
            Refusal: 503 with the reason, if it can't be opened. It is tried again, at most once a second.
        """
        serving = self._serving
        if serving is not None:
            return serving
        with self._lock:
            if self._serving is None and self._clock() >= self._next_try:
                try:
                    self._serving = self._open()
                except (RegistryError, OSError) as error:
                    if str(error) != self._reason:
                        logger.error("no champion: %s", error)
                    self._reason = str(error)
                    self._next_try = self._clock() + _RETRY
            if self._serving is None:
                raise Refusal(503, f"no model is ready: {self._reason}")
            return self._serving

    def predict(self, table: Table, record: Record) -> Answer:
        """Predict for a table of rows. Every row goes into the request's record, to be logged before anybody is told.

        Raises:
            Refusal: 422 if a value can't be predicted from, 500 if an output fails its check, 503 if no model is ready.
        """
        serving = self.champion()
        rows, warnings = serving.checks.inputs(table)
        predictions = serving.version.predictor.predict(rows)
        wrong = serving.checks.outputs(predictions)
        flags = _flags(len(rows), warnings, wrong) if warnings or wrong else None
        number = serving.version.number
        block = encode_predictions(
            record.time, record.request_id, self._settings.model, number, CHAMPION, rows, predictions, flags
        )
        record.predictions.append(block)
        if wrong:
            raise output_refusal(wrong)
        return Answer(predictions, self._settings.model, number, warnings)

    def _open(self) -> Serving:
        version = self._store.open(self._store.number_of(CHAMPION), self._settings.runtime)
        signature = version.signature
        # The first call of a runtime is its slowest, and shows what opening the file did not.
        try:
            version.predictor.predict(np.array([signature.example], dtype=np.float32))
        except (ValueError, RuntimeError) as error:
            raise RegistryError(f"{self._store.folder / str(version.number)}: does not predict ({error})") from error
        decoder = Decoder(signature, self._settings.max_rows)
        self._journal.add_stream("predictions", prediction_columns(signature.names))
        logger.info("serving %s version %d, %s", self._settings.model, version.number, version.digest)
        return Serving(version, decoder, Checks(signature))


def _flags(count: int, warnings: dict[int, list[Problem]], wrong: dict[int, str]) -> list[str]:
    """The flags column: which inputs were outside the training range, and whether the output failed its check."""
    flags = [""] * count
    for row in warnings.keys() | wrong.keys():
        parts = [f"{warning.input}:outside_training" for warning in warnings.get(row, ())]
        flags[row] = " ".join([*parts, "output:implausible"] if row in wrong else parts)
    return flags
