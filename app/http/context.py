"""The context of the request that a thread is answering: its id, its clock, its body, and the attempts to answer it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidInput, ServingError
from app.results import Attempt, ExplainedRows, Mirrored, PredictionResult
from request_ids import is_request_id, new_request_id

logger = logging.getLogger(__name__)

_current: ContextVar[RequestContext] = ContextVar("request")


@dataclass(slots=True)
class RequestContext:
    """What is known of one request.

    Attributes:
        client_id: what a canary tells clients apart by.
        arrived: when the request arrived, in seconds since the epoch; its rows belong to that day, even if they are
            written after midnight.
        started: the same moment on the clock that durations are measured with, in seconds.
        route: the rule or the path that it met, as it was registered; empty if it met none.
        predicts: whether it asks for a prediction although its method is safe; then it is logged like any other.
        error: what the client was told, in one sentence; empty if all is well.
        refused: the inputs whose values were refused.
        version: the version that answered; 0 while none has.
        attempts: prediction rows that are not in the log yet.
        feedback: rows of ground truth that are not in the log yet, as lines of CSV; ``truths`` is their number.
        explained: rows of explanations that are not in the log yet.
        to_mirror: inputs that a shadow is to see after the answer.
    """

    environ: dict[str, Any]
    request_id: str
    client_id: str
    arrived: float
    started: float
    body: bytes = b""
    route: str = ""
    predicts: bool = False
    error: str = ""
    refused: frozenset[str] = frozenset()
    version: int = 0
    attempts: Sequence[Attempt] = ()
    feedback: bytes = b""
    truths: int = 0
    to_mirror: Sequence[Mirrored] = ()
    explained: Sequence[ExplainedRows] = ()

    def add(self, result: PredictionResult) -> None:
        """Add what was attempted, to be logged before the reply."""
        self.version = self.version or result.version
        self.attempts = [*self.attempts, *result.attempts] if self.attempts else result.attempts
        for fault in result.faults:
            logger.error("request %s: %s", self.request_id, fault)
        if result.to_mirror is not None:
            self.to_mirror = [*self.to_mirror, result.to_mirror]
        if result.errors:
            self.refused |= {error.input for error in result.errors if error.input}

    def fail(self, error: ServingError) -> None:
        """Note what the client is told, and the inputs that it is told about."""
        self.error = error.message
        if isinstance(error, InvalidInput):
            self.refused |= {item.input for item in error.errors}

    def add_complete(self, result: PredictionResult) -> PredictionResult:
        """Add what was attempted, and return the result if every row has an answer.

        Raises:
            ServingError: naming the rows that have none; ModelFailed, or NotReady if no version could be asked.
        """
        self.add(result)
        if result.errors:
            raise result.error_type.from_errors(result.errors)
        return result


def start_request(environ: dict[str, Any], now: float) -> RequestContext:
    """Return the context of a request that has just arrived; ``now`` in seconds since the epoch."""
    sent = environ.get("HTTP_X_REQUEST_ID")
    request_id = sent if sent and is_request_id(sent) else new_request_id()
    client_id = environ.get("HTTP_X_CLIENT_ID") or request_id
    return RequestContext(environ, request_id, client_id, now, time.perf_counter())


def set_current_request(context: RequestContext) -> None:
    """Let this thread answer a request through Flask, whose views are not given a context."""
    _current.set(context)


def current_request() -> RequestContext:
    """Return the context of the request that this thread is answering through Flask."""
    return _current.get()
