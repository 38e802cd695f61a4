"""The WSGI side of a server that only hands over requests: PEP 3333's environ and start_response, for Granian.

Granian has a gateway of its own. It puts the variables of the process into each environ, where the name of one can be
that of a request's header; and it does not say that a connection ends with a reply.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]

_CLOSE = ("Connection", "close")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~-]*")
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"  # RFC 3986, section 3.3: they stand in a path as they are


class Gateway:
    """Answers the requests that Granian hands over, each in a thread.

    Attributes:
        ending: whether each reply ends its connection from now on.
    """

    def __init__(self, application: Application, *, multiprocess: bool) -> None:
        self.ending = False
        self._application = application
        self._environ = {
            "SCRIPT_NAME": "",
            "SERVER_SOFTWARE": "granian",
            "wsgi.errors": sys.stderr,
            "wsgi.input_terminated": True,
            "wsgi.multiprocess": multiprocess,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
        }

    def __call__(self, protocol: Any, scope: dict[str, Any]) -> None:
        """Answer a request.

        Args:
            protocol: takes the response.
            scope: what the environ holds of the request.
        """
        environ = scope  # Granian has made it for this request alone
        environ.update(self._environ)
        environ["RAW_URI"] = format_target(scope["PATH_INFO"], scope["QUERY_STRING"])
        body = None
        if "CONTENT_LENGTH" in scope or "HTTP_TRANSFER_ENCODING" in scope:
            body = environ["wsgi.input"] = RequestBody(scope["wsgi.input"], int(scope.get("CONTENT_LENGTH") or -1))
        response = _Response()
        chunks = self._application(environ, response)
        # What is left of a request stands in the way of the next one, so Granian closes the connection without a word.
        if self.ending or (body is not None and body.left):
            response.headers = [*response.headers, _CLOSE]
        if isinstance(chunks, list):
            content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            protocol.response_bytes(response.status, response.headers, content)
        else:
            protocol.response_iter(response.status, response.headers, _Chunks(chunks))


class RequestBody:
    """A request's body, of which only ``read`` is needed here. It knows whether something is left.

    Attributes:
        left: bytes that were not read yet; less than 0 while nobody knows how many there are.
    """

    __slots__ = ("_source", "left")

    def __init__(self, source: Any, length: int) -> None:
        self._source = source
        self.left = length

    def read(self, size: int | None = None) -> bytes:
        """Return so many bytes, or all; fewer only at the end, or if the client has gone."""
        everything = size is None or size < 0
        data: bytes = self._source.read() if everything else self._source.read(size)
        if self.left > 0:
            self.left -= len(data)
        elif everything or len(data) < (size or 0):
            self.left = 0
        return data


class _Response:
    """Takes a response's status and headers, as PEP 3333's ``start_response``, but returns no ``write``."""

    __slots__ = ("headers", "status")

    status: int
    headers: list[tuple[str, str]]

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:  # noqa: ARG002 - WSGI
        self.status = int(status[:3])
        self.headers = headers


class _Chunks:
    """A response in parts, as Granian asks for them."""

    __slots__ = ("__next__", "_chunks")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.__next__ = iter(chunks).__next__

    def close(self) -> None:
        """Release what the response is read from."""
        if close := getattr(self._chunks, "close", None):
            close()


def format_target(path: str, query: str) -> str:
    """Return what a request asked for, as it is written in HTTP, from ``PATH_INFO`` and ``QUERY_STRING``.

    The text as it was sent can't be restored: which characters were percent-encoded though they need not be, in which
    case the digits were, whether an encoded slash was one, and whether an empty query had its question mark.
    """
    if not _PLAIN_PATH.fullmatch(path):
        path = quote(path, _PATH_CHARACTERS, encoding="latin-1")
    return f"{path}?{query}" if query else path
