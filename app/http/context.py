"""A request's own record: its id, its time, its body, and the rows that are appended before the reply leaves.

Every request that may change something or ask for a prediction has a row, answered or not; reading a page has none.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from journal import encode_request, timestamp
from registry import Float32Array

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_UNRECORDED = frozenset({"GET", "HEAD", "OPTIONS"})
_current: ContextVar[RequestContext] = ContextVar("record")


@dataclass(slots=True)
class RequestContext:
    """What is known of the request that is being answered. ``time`` is the arrival, as the logs write it."""

    environ: dict[str, Any]
    request_id: str
    time: str
    started: float
    body: bytes = b""
    error: str = ""
    version: int = 0  # which predicted; 0 while none has
    predictions: list[bytes] = field(default_factory=list)
    shadowed: list[tuple[Float32Array, Sequence[int] | None]] = field(default_factory=list)  # what a shadow is to see

    @property
    def day(self) -> str:
        """The day whose files this request's rows belong in, even if they are written after midnight."""
        return self.time[:10]

    def rows(self, status: int) -> dict[str, bytes]:
        """What has to be in the log before a reply of this status leaves, by stream.

        The request's row comes last: a prediction counts as answered if its request has a row with status 200.
        """
        rows = {"predictions": b"".join(self.predictions)} if self.predictions else {}
        if self.environ["REQUEST_METHOD"] not in _UNRECORDED:
            rows["requests"] = self._row(status)
        return rows

    def _row(self, status: int) -> bytes:
        environ = self.environ
        return encode_request(
            time=self.time,
            request_id=self.request_id,
            client=environ.get("REMOTE_ADDR", ""),
            method=environ["REQUEST_METHOD"],
            path=environ.get("RAW_URI") or environ["PATH_INFO"],
            content_type=environ.get("CONTENT_TYPE", ""),
            status=status,
            duration_ms=(time.perf_counter() - self.started) * 1000,
            error=self.error,
            body=self.body,
        )


def begin(environ: dict[str, Any], now: datetime) -> RequestContext:
    """Begin the record of the request that this thread answers from here on; ``now`` is in UTC."""
    given = environ.get("HTTP_X_REQUEST_ID")
    request_id = given if given and is_request_id(given) else _uuid()
    record = RequestContext(environ, request_id, timestamp(now), time.perf_counter())
    _current.set(record)
    return record


def is_request_id(text: str) -> bool:
    """Whether a client's text can be a request's id: it is written into headers, logs and file names as it is."""
    return _ID.fullmatch(text) is not None


def current() -> RequestContext:
    """The record of the request that this thread is answering."""
    return _current.get()


def _uuid() -> str:
    """A version 4 UUID (RFC 9562), in a fraction of uuid4's time: unique is all that an id must be, not secret."""
    digits = f"{random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
