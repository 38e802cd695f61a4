"""Responses: bytes, JSON and long files as WSGI sends them, and the headers that every response has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import IO, Any

import orjson
from flask import request
from werkzeug import Response

from app.http.context import RequestContext

JSON, FORM, HTML = "application/json", "application/x-www-form-urlencoded", "text/html"
CSV, BYTES = "text/csv", "application/octet-stream"

CONTENT_SECURITY_POLICY = "Content-Security-Policy"
# A page needs nothing but files and answers of this service.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
_CHUNK = 1 << 18  # bytes of a long response that are sent at a time
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class BytesResponse:
    """A whole response: the part of werkzeug's Response that a prediction needs, in a tenth of the time."""

    def __init__(self, body: bytes, mimetype: str, status: int = 200) -> None:
        self.body = body
        self.status_code = status
        self.mimetype = mimetype
        self.headers = [("Content-Type", mimetype), ("Content-Length", str(len(body)))]

    def close(self) -> None:
        """Release what the response is read from."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response(_STATUS_LINES[self.status_code], self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


class JSONResponse(BytesResponse):
    """A response in JSON; numpy's float32 has the fewest digits that read back the same, as in the log."""

    def __init__(self, content: object, status: int = 200) -> None:
        # Not by super(), which takes a third as long as writing a prediction as JSON.
        BytesResponse.__init__(self, orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), JSON, status)


class FileResponse:
    """A long response, of bytes and of files that are read from their beginning. It is whole before it begins.

    Attributes:
        held: what it is sent from and what it keeps from others; closed when all was sent or nothing more will be.

    Raises:
        OSError: if a file can't take the last of what was written to it.
    """

    def __init__(self, parts: Sequence[bytes | IO[bytes]], content_type: str) -> None:
        for part in parts:
            if not isinstance(part, bytes):
                part.flush()
        self.held = ExitStack()
        self.status_code = 200
        self.mimetype = content_type.partition(";")[0]
        self._parts = parts
        size = sum(len(part) if isinstance(part, bytes) else part.tell() for part in parts)
        self.headers = [("Content-Type", content_type), ("Content-Length", str(size))]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:  # noqa: ARG002 - WSGI
        start_response(_STATUS_LINES[self.status_code], self.headers)
        return self

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._parts:
                if isinstance(part, bytes):
                    yield part
                    continue
                part.seek(0)
                while block := part.read(_CHUNK):
                    yield block
        finally:
            self.close()

    def close(self) -> None:
        """Release what is held; a WSGI server calls this in the end, also if the client did not stay for it."""
        with suppress(OSError):  # of a file without a name: nothing of it is left, and the rest is released
            self.held.close()


WSGIResponse = BytesResponse | FileResponse | Response


def negotiate(*media_types: str) -> str:
    """Return which of these media types the client prefers; the first, if it has no preference."""
    return request.accept_mimetypes.best_match(media_types) or media_types[0]


def revalidated_page(page: str) -> Response:
    """Return a page that a browser asks for again each time, and gets only if it changed: 304, if it did not."""
    response = Response(page, mimetype=HTML)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request.environ)
    return response


def send(
    response: WSGIResponse,
    context: RequestContext,
    start_response: Callable[..., object],
    added: Sequence[tuple[str, str]] = (),
) -> Iterable[bytes]:
    """Send a response, with the headers that every response has, and those that are added for this request."""
    headers = [("X-Request-ID", context.request_id), _NO_SNIFFING]
    if added:
        headers.extend(added)
    if context.version:
        headers.append(("X-Model-Version", str(context.version)))
    if response.mimetype == HTML:
        # To no other site; to this one, else a browser would hide the origin of the service's own forms.
        headers.append(("Referrer-Policy", "same-origin"))
        if not any(name == CONTENT_SECURITY_POLICY for name, _ in response.headers):  # a page may need more
            headers.append((CONTENT_SECURITY_POLICY, PAGE_POLICY))
    response.headers.extend(headers)
    return response(context.environ, start_response)  # type: ignore[arg-type]  # werkzeug types it closer than WSGI
