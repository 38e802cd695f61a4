"""The logs of requests, predictions, explanations and ground truth: what is written of a request before its reply.

The only module of the service that imports the journal. Each request whose method is not safe (RFC 9110) has a row, and
each other one that asks for a prediction.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from app.errors import MAX_ERRORS, FieldError, InvalidTruth, NotReady
from app.http.context import RequestContext
from app.metrics.recorder import Recorder
from app.results import Attempt, ExplainedRows
from journal import (
    EXPLANATIONS,
    FEEDBACK,
    FEEDBACK_COLUMNS,
    REQUEST_COLUMNS,
    Durability,
    Journal,
    JournalError,
    PartialFailure,
    Recent,
    TruthError,
    encode_explanations,
    encode_feedback,
    encode_predictions,
    encode_request,
    explanation_columns,
    parse_truth,
    prediction_columns,
    read_recent,
    timestamp_of,
)

logger = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_EXCERPT = 1024  # bytes of a refused body that are logged
_CHECK_INTERVAL = 0.5  # how long a successful check counts, in seconds


class SentTruth(NamedTuple):
    """What a client says was true of one row: names and values, or why there are none; and its place in the body."""

    members: Sequence[tuple[str, Any]]
    fault: str = ""
    place: str = ""


class AuditLog:
    """The logs of one model.

    Args:
        folder: where the files are.
        write: what writes the files' bytes, as ``os.write``.
        recorder: counts appends without a request's row, and those that failed; the others are the request's to count.
    """

    def __init__(
        self,
        folder: Path,
        durability: Durability,
        write: Callable[[int, bytes], int] = os.write,
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder or Recorder()
        self._folder = folder
        self._journal = Journal(folder, durability=durability, write=write)
        self._journal.add_stream("requests", REQUEST_COLUMNS)
        self._journal.add_stream(FEEDBACK, FEEDBACK_COLUMNS, optional=True)  # predictions do without it
        self._next_check = 0.0

    def set_inputs(self, names: Sequence[str]) -> None:
        """Give the logs of predictions and of explanations a column for each input."""
        self._journal.add_stream("predictions", prediction_columns(names))
        self._journal.add_stream(EXPLANATIONS, explanation_columns(names), optional=True)  # predictions do without it

    def append(self, context: RequestContext, status: int) -> tuple[float, int] | None:
        """Write what was attempted for a request or came with it, and then the request's own row, all or nothing.

        The request's row comes last: a prediction counts as answered if its request has a row with status 200.

        Returns:
            how many seconds that took, and how many bytes it was; None if there was nothing to write.

        Raises:
            NotReady: if they can't be written.
        """
        arrived = timestamp_of(context.arrived)
        rows = {}
        if context.attempts:
            rows["predictions"] = _encode(arrived, context.request_id, context.attempts)
        if context.explained:
            rows[EXPLANATIONS] = _encode_explanations(arrived, context.request_id, context.explained)
        if context.feedback:
            rows[FEEDBACK] = context.feedback
        environ = context.environ
        if environ["REQUEST_METHOD"] not in SAFE_METHODS or context.predicts:
            rows["requests"] = encode_request(
                time=arrived,
                request_id=context.request_id,
                client=_client(environ),
                method=environ["REQUEST_METHOD"],
                path=environ.get("RAW_URI") or environ["PATH_INFO"],
                content_type=environ.get("CONTENT_TYPE", ""),
                status=status,
                duration_ms=(time.perf_counter() - context.started) * 1000,
                error=context.error,
                body=context.body if status < 400 else excerpt(context.body),
            )
        if not rows:
            return None
        appended = self._write(arrived, context.request_id, rows)
        if context.truths:
            self._recorder.count("feedback_rows", context.truths)
        return appended

    def append_attempts(
        self,
        arrived: float,
        request_id: str,
        attempts: Sequence[Attempt],
        explained: Sequence[ExplainedRows] = (),
    ) -> None:
        """Write prediction rows and what explains them, of a request that ``arrived`` and goes on or is over.

        Raises:
            NotReady: if they can't be written.
        """
        time_text = timestamp_of(arrived)
        rows = {"predictions": _encode(time_text, request_id, attempts)}
        if explained:
            rows[EXPLANATIONS] = _encode_explanations(time_text, request_id, explained)
        self._recorder.record_append(*self._write(time_text, request_id, rows), attempts)

    def check(self) -> None:
        """Check that rows can be written today.

        Raises:
            NotReady: with the reason, if they can't.
        """
        now = time.monotonic()
        if now < self._next_check:
            return
        try:
            self._journal.probe()
        except JournalError as error:
            raise NotReady(str(error)) from error
        self._next_check = now + _CHECK_INTERVAL

    def read_recent(self, now: datetime) -> Recent:
        """Return the newest rows of the logs, as :func:`journal.read_recent` does."""
        return read_recent(self._folder, now)

    def _write(self, arrived: str, request_id: str, rows: dict[str, bytes]) -> tuple[float, int]:
        """Write rows by stream. Return how many seconds that took, and how many bytes it was."""
        started = time.perf_counter()
        try:
            self._journal.append(arrived[:10], rows)
        except JournalError as error:
            self._recorder.count("append_failed")
            logger.error("request %s: %s", request_id, error)
            raise NotReady("the log can't be written, so there is no answer: try again later") from error
        return time.perf_counter() - started, sum(map(len, rows.values()))


def excerpt(body: bytes) -> bytes:
    """Return what the log shows of a refused body: a short one whole, else its length, SHA-256 and beginning."""
    if len(body) <= _EXCERPT:
        return body
    digest = hashlib.sha256(body).hexdigest()
    return f"{len(body)} bytes, SHA-256 {digest}, beginning with ".encode() + body[:_EXCERPT]


def add_truths(context: RequestContext, sent: Iterable[SentTruth], plausible: tuple[float, float]) -> None:
    """Add what a client says was true to what will be logged of its request, all of it or nothing.

    Args:
        plausible: the smallest and the largest value that can be true.

    Raises:
        InvalidTruth: naming each place where something is wrong.
    """
    truths, errors = [], []
    client, arrived = _client(context.environ), datetime.fromtimestamp(context.arrived, UTC)
    for row, (members, fault, place) in enumerate(sent):
        try:
            if fault:
                raise TruthError([("", fault)])
            truths.append(parse_truth(members, plausible, time=arrived, client=client))
        except TruthError as error:
            errors += [FieldError(row, name, place + message) for name, message in error.problems]
            if len(errors) >= MAX_ERRORS:
                break
    if errors:
        raise InvalidTruth.from_errors(errors)
    context.feedback, context.truths = encode_feedback(truths), len(truths)


def format_partial_failure(failed: int, count: int, message: str) -> str:
    """Return the error of a request of ``count`` rows that was answered, but for some of its rows.

    Args:
        failed: how many rows have no prediction.
        message: what is wrong with the first of them.
    """
    return str(PartialFailure(failed, count, message))


def _client(environ: dict[str, Any]) -> str:
    """Return a client's address, behind the name of its token if it needed one."""
    address: str = environ.get("REMOTE_ADDR", "")
    return f"{environ['REMOTE_USER']}@{address}" if "REMOTE_USER" in environ else address


def _encode(arrived: str, request_id: str, attempts: Sequence[Attempt]) -> bytes:
    lines = b""
    for attempt in attempts:
        lines += encode_predictions(
            arrived,
            request_id,
            attempt.model,
            attempt.version,
            attempt.role,
            attempt.inputs,
            attempt.predictions,
            attempt.flags,
            attempt.row_numbers,
            attempt.texts,
        )
    return lines


def _encode_explanations(arrived: str, request_id: str, explained: Sequence[ExplainedRows]) -> bytes:
    lines = [
        encode_explanations(arrived, request_id, rows.model, rows.version, rows.values, rows.row_numbers, rows.method)
        for rows in explained
    ]
    return b"".join(lines)
