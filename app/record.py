"""A request's own record: its id, its time, its body, and the row that is appended before the reply leaves.

Every request that may change something or ask for a prediction has a row, answered or not; reading a page has none.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, Response, g, request

from journal import DayLog, RequestRow, timestamp

ID_HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_UNRECORDED = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Record:
    """What is known of the request that is being answered. ``time`` is the arrival, as the logs write it."""

    request_id: str
    time: str
    started: float
    body: bytes = b""
    error: str = ""

    @property
    def day(self) -> str:
        """The day whose files this request's rows belong in, even if they are written after midnight."""
        return self.time[:10]


def current() -> Record:
    """The record of the request that this thread is answering."""
    record: Record = g.record
    return record


class Recorder:
    """Begins a record with each request, and ends it with the request's row.

    Args:
        log: the log of requests.
        now: the wall clock, in UTC.
    """

    def __init__(self, log: DayLog, now: Callable[[], datetime]) -> None:
        self._log = log
        self._now = now

    def init_app(self, app: Flask) -> None:
        """Hook into every request of an application."""
        app.before_request(self._begin)

    def _begin(self) -> None:
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _ID.fullmatch(given) else str(uuid.uuid4())
        g.record = Record(request_id, timestamp(self._now()), time.perf_counter())

    def append(self, response: Response) -> None:
        """Append the row of the current request, if it is of a kind that has one.

        Raises:
            JournalError: if it can't be written; then the response must not be sent.
        """
        environ = request.environ
        if environ["REQUEST_METHOD"] in _UNRECORDED:
            return
        record = current()
        row = RequestRow(
            time=record.time,
            request_id=record.request_id,
            client=environ.get("REMOTE_ADDR", ""),
            method=environ["REQUEST_METHOD"],
            path=environ.get("RAW_URI") or request.full_path.removesuffix("?"),
            content_type=environ.get("CONTENT_TYPE", ""),
            status=response.status_code,
            duration_ms=(time.perf_counter() - record.started) * 1000,
            error=record.error,
            body=record.body,
        )
        self._log.append(record.day, row.encode())
