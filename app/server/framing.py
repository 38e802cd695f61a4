"""Where a request ends: its head (RFC 9112, section 2.1), and its body by its length (6.2) or its last chunk (7.1).

Only the end is looked for, so that a thread need not wait for it. What the request says, and whether it is right, is
for gunicorn's parser to tell: what looks wrong here is given to it as if it were whole.
"""

from __future__ import annotations

import re
from enum import Enum

from gunicorn.http.errors import LimitRequestHeaders

# Bytes of a head, and of a body, that are gathered before a thread takes the request.
MAX_GATHERED = 1 << 16
_BARE_LF = re.compile(rb"(?<!\r)\n")
_CHUNK_SIZE = re.compile(rb"\r\n([0-9A-Fa-f]{1,16})")


class Stage(Enum):
    """How much of a request has arrived."""

    HEAD = "a part of its head, or nothing"
    BODY = "its head, and a part of its body"
    WHOLE = "all of it"
    LONG = "its head; its body is too long to be gathered, or the client waits to be asked for it"


class RequestBuffer:
    """The bytes of a request, and of what was sent behind it, as they arrive.

    Attributes:
        fault: what reading beyond the bytes raises; None if they are followed by nothing.
    """

    __slots__ = ("_chunked", "_expects", "_head", "_next", "data", "fault", "stage")

    def __init__(self) -> None:
        self.data = bytearray()
        self.stage = Stage.HEAD
        self.fault: Exception | None = None
        self._head = 0  # bytes of the head
        self._next = 0  # where to look on: for the end of the head, of the body, or of a chunk
        self._chunked = self._expects = False

    def add(self, data: bytes) -> bool:
        """Add bytes. Return whether a thread can take the request: it is whole, or long."""
        self.data += data
        if self.stage is Stage.HEAD:
            self._find_body()
        if self.stage is Stage.BODY:
            self._find_end()
        return self.stage is Stage.WHOLE or self.stage is Stage.LONG

    def cut_off(self, fault: Exception | None = None) -> None:
        """Let the request be whole as it is, as no more of it is waited for."""
        self.stage = Stage.WHOLE
        self.fault = fault

    def take(self) -> bytes:
        """Return the bytes, once."""
        data = bytes(self.data)
        self.data.clear()
        return data

    def _find_body(self) -> None:
        end = self.data.find(b"\r\n\r\n", self._next)
        if end < 0:
            if len(self.data) > MAX_GATHERED:
                self.cut_off(LimitRequestHeaders(f"more than {MAX_GATHERED} bytes"))
            elif _BARE_LF.search(self.data, self._next):
                self.cut_off()  # the parser refuses it
            self._next = max(0, len(self.data) - 3)
            return
        head = self.data[:end].lower()
        self.stage = Stage.BODY
        self._head = self._next = end + 4
        self._expects = b"\nexpect:" in head
        self._chunked = b"\ntransfer-encoding:" in head
        if self._chunked:
            self._next -= 2  # each size stands behind the end of a line
        elif (start := head.find(b"\ncontent-length:")) >= 0:
            length = head[start + 16 :].partition(b"\r")[0].strip()
            self._next += int(length) if length.isdigit() and len(length) < 19 else 0

    def _find_end(self) -> None:
        while self._chunked and self._next + 2 < len(self.data):
            size = _CHUNK_SIZE.match(self.data, self._next)
            length = int(size[1], 16) if size else 0
            # Behind the last chunk comes an empty line, perhaps after trailers. What is no chunk is refused.
            line_end = self.data.find(b"\r\n" if length else b"\r\n\r\n", self._next + 2)
            if size and line_end < 0:
                break
            self._chunked = length > 0
            self._next = line_end + 2 + length if length else 0
        if not self._chunked and len(self.data) >= self._next:
            self.stage = Stage.WHOLE
        elif self._expects or max(self._next, len(self.data)) - self._head > MAX_GATHERED:
            self.stage = Stage.LONG
