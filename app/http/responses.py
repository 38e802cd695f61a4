"""What every adapter does alike: write a reply, and turn a fault into one.

Faults become one :class:`Refusal`, and that becomes a page or the JSON error of the service's own protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import IO, Any

import orjson
from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.errors import Refusal
from app.http.context import RequestContext
from journal import JournalError

JSON, FORM, HTML = "application/json", "application/x-www-form-urlencoded", "text/html"
CSV, BYTES = "text/csv", "application/octet-stream"

POLICY = "Content-Security-Policy"
# Pages need their own files and nothing else, from nobody else.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# How a protocol puts a refusal into a reply.
Refuse = Callable[[Refusal, RequestContext], "Reply | Response"]
_PIECE = 1 << 18  # bytes of a long reply that are sent at a time
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Reply:
    """A whole reply: what a prediction needs of werkzeug's Response, at a tenth of its time."""

    def __init__(self, content: object, status: int = 200) -> None:
        """A reply in JSON."""
        # numpy's float32 is written with the fewest digits that read back the same, as in the log.
        self._set(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, JSON)

    @classmethod
    def of_bytes(cls, body: bytes, mimetype: str, status: int = 200) -> Reply:
        """A reply that is written already."""
        reply = cls.__new__(cls)
        reply._set(body, status, mimetype)
        return reply

    def _set(self, body: bytes, status: int, mimetype: str) -> None:
        self.body = body
        self.status_code = status
        self.mimetype = mimetype
        self.headers = [("Content-Type", mimetype), ("Content-Length", str(len(body)))]

    @classmethod
    def refusal(cls, refusal: Refusal, record: RequestContext) -> Reply:
        """A refusal as the service's own protocol puts it."""
        problems = [{"row": item.row, "input": item.input, "message": item.message} for item in refusal.problems]
        content = {"success": False, "error": refusal.error, "problems": problems, "request_id": record.request_id}
        return cls(content, refusal.status)

    def close(self) -> None:
        """Let go of what the reply is read from."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response(_STATUS_LINES[self.status_code], self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


class FileReply(Reply):
    """A long reply, of bytes and of files that are read from their beginning, and closed at its end.

    Attributes:
        at_end: is called once, when all was sent or nothing more will be.
    """

    def __init__(self, parts: Sequence[bytes | IO[bytes]], content_type: str) -> None:
        self.at_end: Callable[[], object] | None = None
        self.status_code = 200
        self.mimetype = content_type.partition(";")[0]
        self._parts = parts
        size = sum(len(part) if isinstance(part, bytes) else part.tell() for part in parts)
        self.headers = [("Content-Type", content_type), ("Content-Length", str(size))]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:  # noqa: ARG002
        start_response(_STATUS_LINES[self.status_code], self.headers)
        return self

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._parts:
                if isinstance(part, bytes):
                    yield part
                    continue
                part.seek(0)
                while block := part.read(_PIECE):
                    yield block
        finally:
            self.close()

    def close(self) -> None:
        """What a WSGI server calls in the end, also if the client did not stay for it."""
        for part in self._parts:
            if not isinstance(part, bytes):
                part.close()
        at_end, self.at_end = self.at_end, None
        if at_end is not None:
            at_end()


def prefers(*media_types: str) -> str:
    """Which of these the client would rather have; the first, if it does not care."""
    return request.accept_mimetypes.best_match(media_types) or media_types[0]


def as_refusal(error: Exception, record: RequestContext) -> Refusal:
    """What a client is told about any fault: never more than it may know."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, JournalError):
        return Refusal(503, "the log can't be written, so there is no answer: try again later")
    path = record.environ["PATH_INFO"]
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        message = f"{path} takes {allowed}, not {record.environ['REQUEST_METHOD']}"
        return Refusal(405, message, headers=[("Allow", allowed)])
    if isinstance(error, HTTPException):
        return Refusal(error.code or 500, f"{path}: {error.name.lower()}")
    return Refusal(500, "the service failed; its error log has the reason under this request id")


def refusal_page(refusal: Refusal, record: RequestContext) -> Reply | Response:
    """A refusal as a page for who wants one, else as JSON."""
    if prefers(JSON, HTML) == JSON:
        return Reply.refusal(refusal, record)
    return Response(render_template("error.html", refusal=refusal), refusal.status, mimetype=HTML)


def add_headers(reply: Reply | Response, record: RequestContext) -> None:
    """The headers that every reply has."""
    headers = [("X-Request-ID", record.request_id), ("X-Content-Type-Options", "nosniff")]
    if record.version:
        headers.append(("X-Model-Version", str(record.version)))
    if reply.mimetype == HTML:
        headers.append(("Referrer-Policy", "no-referrer"))
        if not any(name == POLICY for name, _ in reply.headers):  # a page may need more
            headers.append((POLICY, PAGE_POLICY))
    reply.headers.extend(headers)
