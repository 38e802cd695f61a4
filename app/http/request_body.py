"""A request's body: read within a limit, of an accepted media type, and decompressed within a bound on its growth."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

from werkzeug.http import parse_options_header

from app.errors import MalformedRequest, TooLarge
from app.http.context import RequestContext
from app.http.error_responses import HTTPError
from app.http.responses import CSV, JSON

Read = Callable[[int], bytes]  # returns at most so many bytes, and none at the end

SUPPORTED_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # as the header says
_CHUNK = 1 << 16  # compressed bytes that are read at a time
# How many times what was sent a compressed body may become, past so many bytes: gzip could make it a thousand.
_MAX_GROWTH, _SMALL = 100, 1 << 16
_CHARSETS = ("utf-8", "utf8", "us-ascii")
# Other names of a media type: what old clients say, and browsers on Windows where Excel is installed.
_ALIASES = {"text/json": JSON, "application/vnd.ms-excel": CSV, "application/csv": CSV}


class SentBody:
    """A request's body as it is sent, with a limit on its bytes.

    Args:
        noun: what messages call it.

    Raises:
        TooLarge: if more than ``limit`` bytes are declared.
    """

    __slots__ = ("_input", "_limit", "_noun", "count", "declared")

    def __init__(self, environ: dict[str, Any], limit: int, noun: str) -> None:
        # The server has checked that a length is a number. Without one the body is chunked; or there is no body, and
        # reading would wait for ever.
        length = environ.get("CONTENT_LENGTH")
        self.declared = int(length) if length else None if environ.get("wsgi.input_terminated") else 0
        self.count = 0
        self._input = environ["wsgi.input"]
        self._limit = limit
        self._noun = noun
        if self.declared is not None and self.declared > limit:
            raise self._too_large()

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end.

        Raises:
            MalformedRequest: if the rest does not arrive.
            HTTPError: 408 if it does not arrive in time.
            TooLarge: if there is too much.
        """
        declared = self.declared
        if declared is not None and size > declared - self.count:
            size = declared - self.count
        try:
            data: bytes = self._input.read(size) if size else b""
        except TimeoutError as error:
            reason = "before the time limit for a request (SERVE_REQUEST_TIMEOUT)"
            raise HTTPError(408, f"the {self._noun} did not arrive whole {reason}") from error
        except Exception as error:
            reason = "the connection ended, or its chunks are wrong"
            raise MalformedRequest(f"the {self._noun} did not arrive whole: {reason}") from error
        if size and not data and declared is not None:
            raise MalformedRequest(f"the {self._noun} ends after {self.count} of {declared} bytes")
        self.count += len(data)
        if self.count > self._limit:
            raise self._too_large()
        return data

    def check_size(self, size: int) -> None:
        """Check that a size in bytes is not over the limit."""
        if size > self._limit:
            raise self._too_large()

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the {self._noun} is too large: send at most {self._limit} bytes")


def read_body(context: RequestContext, media_type: str | None, max_body: int) -> bytes:
    """Return the request's body, decompressed. The request's row in the log shows it, unless it is too large.

    Args:
        media_type: what the request has to declare; None if what it declares does not matter.

    Raises:
        MalformedRequest: if it does not arrive whole.
        TooLarge: if it has more than ``max_body`` bytes, or grows too much.
        HTTPError: 415 if it is not of this media type in UTF-8, or compressed in another way than gzip or deflate.
    """
    environ = context.environ
    sent = SentBody(environ, max_body, "body")
    wanted = max_body + 1 if sent.declared is None else sent.declared
    while sent.count < wanted and (data := sent.read(wanted - sent.count)):
        context.body = context.body + data if context.body else data
    if media_type is not None and environ.get("CONTENT_TYPE") != media_type:
        require_media_type(environ, media_type)
    if "HTTP_CONTENT_ENCODING" in environ:
        body = decompressor(environ, io.BytesIO(context.body).read)(max_body + 1)
        sent.check_size(len(body))
        context.body = body
    return context.body


def require_media_type(environ: dict[str, Any], *accepted: str) -> str:
    """Return which of these media types the body is declared as; by another name, or as a kind of JSON (RFC 6839), too.

    Raises:
        HTTPError: 415 if it is another one, or not in UTF-8; CSV may be in UTF-16 too, as its first bytes say.
    """
    declared, parameters = parse_options_header(environ.get("CONTENT_TYPE"))
    declared = declared.lower()
    is_json = declared.startswith("application/") and declared.endswith("+json")
    media_type = JSON if is_json else _ALIASES.get(declared, declared)
    if media_type not in accepted:
        raise HTTPError(415, f"the Content-Type is {declared or 'nothing'}: send {' or '.join(accepted)}")
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in _CHARSETS and not (media_type == CSV and charset.startswith("utf-16")):
        raise HTTPError(415, "the charset is not UTF-8: send UTF-8")
    return media_type


def decompressor(environ: dict[str, Any], read: Read) -> Read:
    """Return a reader of the decompressed body, from a reader of the body as it is sent.

    Raises:
        HTTPError: 415 if it is compressed in another way than gzip or deflate.
        MalformedRequest: in reading, if it is not compressed as it says.
        TooLarge: in reading, if it grows too much.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return read
    if encoding not in SUPPORTED_ENCODINGS:
        raise HTTPError(415, "the body is compressed in a way that is not known here: send it as it is, or in gzip")
    return _Decompressor(read).read


class _Decompressor:
    """Decompresses deflate, and gzip of one member or more; never more at a time than is asked for."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._sent = self._grown = 0  # bytes

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer only at the end."""
        parts = []
        while size and (part := self._read_part(size)):
            parts.append(part)
            size -= len(part)
            self._grown += len(part)
            if self._grown > _SMALL and self._grown > _MAX_GROWTH * self._sent:
                message = f"the body grows to more than {_MAX_GROWTH} times of what was sent: send it uncompressed"
                raise TooLarge(message)
        return b"".join(parts)

    def _read_part(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end."""
        while True:
            compressed = self._zlib.unconsumed_tail or self._zlib.unused_data
            if not compressed:
                compressed = self._read(_CHUNK)
                self._sent += len(compressed)
            if self._zlib.eof:
                if not compressed:
                    return b""
                self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                data = self._zlib.decompress(compressed, size)
            except zlib.error as error:
                message = f"the body is not in gzip or deflate, as its Content-Encoding says ({error})"
                raise MalformedRequest(message) from error
            if data:
                return data
            if not compressed and not self._zlib.eof:
                raise MalformedRequest("the compressed body ends before its end")
