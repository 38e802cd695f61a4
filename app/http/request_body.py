"""What arrives: a request's body, whole, bounded, of the declared media type, and unpacked if it is compressed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

from werkzeug.http import parse_options_header

from app.errors import Refusal
from app.http.context import RequestContext

Read = Callable[[int], bytes]  # gives at most so many bytes, and none at the end

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER = 32 + zlib.MAX_WBITS  # zlib tells by the header whether it is gzip or zlib's own
_PIECE = 1 << 16  # packed bytes that are read at a time


def read_body(record: RequestContext, media_type: str | None, max_body: int) -> bytes:
    """The request's body, unpacked, which its row shows too, unless it is larger than is accepted.

    Args:
        media_type: what the request has to declare; None if what it declares does not matter.

    Raises:
        Refusal: 400 if it does not arrive whole, 413 if it is too large, 415 if it is not of this media type in UTF-8.
    """
    environ = record.environ
    record.body = _read(environ, max_body)
    if len(record.body) < int(environ.get("CONTENT_LENGTH") or 0):
        raise Refusal(400, f"the body ends after {len(record.body)} of {environ['CONTENT_LENGTH']} bytes")
    if media_type is not None and environ.get("CONTENT_TYPE") != media_type:
        declared_type(environ, media_type)
    if "HTTP_CONTENT_ENCODING" in environ:
        body = unpacking(environ, io.BytesIO(record.body).read)(max_body + 1)
        if len(body) > max_body:
            raise _too_large(max_body)
        record.body = body
    return record.body


def declared_type(environ: dict[str, Any], *accepted: str) -> str:
    """Which of these media types the body is declared as.

    Raises:
        Refusal: 415 if it is none of them, or not in UTF-8.
    """
    given, parameters = parse_options_header(environ.get("CONTENT_TYPE"))
    given = given.lower()
    if given not in accepted:
        raise Refusal(415, f"the Content-Type is {given or 'nothing'}: send {' or '.join(accepted)}")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(415, "the charset is not UTF-8: send UTF-8")
    return given


def unpacking(environ: dict[str, Any], read: Read) -> Read:
    """What reads a body as it was before it was compressed, from what reads it as it is sent.

    Raises:
        Refusal: 415 if it is compressed in another way than gzip or deflate. In reading, 400 if it is not what it says.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return read
    if encoding not in _PACKED:
        raise Refusal(415, "the body is compressed in a way that is not known here: send it as it is, or in gzip")
    return _Unpacker(read).read


class _Unpacker:
    """Unpacks deflate, and gzip of one member or more; never more at a time than is asked for, however small it was."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._zlib = zlib.decompressobj(_EITHER)

    def read(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        parts = []
        while size and (part := self._some(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        while True:
            packed = self._zlib.unconsumed_tail or self._zlib.unused_data or self._read(_PIECE)
            if self._zlib.eof:
                if not packed:
                    return b""
                self._zlib = zlib.decompressobj(_EITHER)
            try:
                data = self._zlib.decompress(packed, size)
            except zlib.error as error:
                message = f"the body is not in gzip or deflate, as its Content-Encoding says ({error})"
                raise Refusal(400, message) from error
            if data:
                return data
            if not packed and not self._zlib.eof:
                raise Refusal(400, "the compressed body ends before its end")


def _read(environ: dict[str, Any], max_body: int) -> bytes:
    # What the server hands on as a length is a number. Without one the body is chunked; or there is none, and reading
    # would wait for ever.
    declared = int(environ.get("CONTENT_LENGTH") or 0)
    size = declared or (max_body + 1 if environ.get("wsgi.input_terminated") else 0)
    body = b""
    if declared <= max_body:
        try:
            body = environ["wsgi.input"].read(size)
        except Exception as error:
            message = "the body did not arrive whole: the connection stood still, or its chunks are wrong"
            raise Refusal(400, message) from error
    if max(len(body), declared) > max_body:
        raise _too_large(max_body)
    return body


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"the body is too large: send at most {limit} bytes")
