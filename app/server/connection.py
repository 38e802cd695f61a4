"""A client's connection: its request while it arrives, and its reply while it leaves."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from app.server.framing import RequestBuffer, Stage

# How long a client may take for each block of its reply, in seconds.
REPLY_TIMEOUT = 10
BLOCK = 1 << 16  # bytes

Act = Callable[["Connection"], None]


class ClientSocket(socket.socket):
    """A socket whose sending does not wait: what the client does not take at once is kept, for the main thread to send.

    Attributes:
        unsent: what was written and not yet sent.
        patient: whether sending may wait, a while for each block: its thread may, and a long reply would need too much
            memory.
    """

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self.unsent = bytearray()
        self.patient = False

    def setblocking(self, flag: bool) -> None:
        """Do nothing: gunicorn calls it twice a request. Calls that must not wait pass MSG_DONTWAIT."""

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ARG002 - as socket.socket has it
        """Keep bytes for the next flush, so that a head and a short body leave as one packet.

        Raises:
            ConnectionResetError: if the client does not take a block in time; gunicorn does not log this.
        """
        self.unsent += data
        if len(self.unsent) >= BLOCK and not self.flush() and self.patient:
            self.settimeout(REPLY_TIMEOUT)
            try:
                super().sendall(self.unsent)
            except TimeoutError as error:
                raise ConnectionResetError(errno.ECONNRESET, "the client does not read its reply") from error
            finally:
                self.unsent.clear()
                self.settimeout(None)

    def send(self, data: Any, flags: int = 0) -> int:
        """Send bytes at once, as far as the client takes them; return their number."""
        self.sendall(data, flags)
        self.flush()
        return len(data)

    def flush(self) -> bool:
        """Send what the client takes now. Return whether that was all."""
        if self.unsent:
            with suppress(BlockingIOError):
                del self.unsent[: super().send(self.unsent, socket.MSG_DONTWAIT)]
        return not self.unsent


class Request(http.Request):  # type: ignore[misc]  # gunicorn is untyped
    """A request whose reply ends the connection if something of its body was not read.

    Else gunicorn promises to keep it and waits for the rest; and if that is long it closes the connection after all,
    and the client's next request fails.
    """

    def should_close(self) -> bool:
        """Return whether the connection ends behind the reply. gunicorn asks when it sends the reply's head."""
        reader = self.body.reader
        # What is left shows by its length or its chunks. After a failure nobody can tell.
        if self.body.failed or getattr(reader, "length", 0) or getattr(reader, "parser", None):
            self.force_close()  # keeps the answer True, also when gunicorn asks again
        return bool(super().should_close())


class Parser(http.RequestParser):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's parser, of such requests."""

    mesg_class = Request


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A connection whose requests are gathered by the worker's main thread; it is the source that gunicorn parses.

    Attributes:
        timeout: when the main thread gives up waiting for the client, on the monotonic clock, in seconds. For a request
            that has begun it is the deadline of the whole request.
        act: what the main thread does when the client sends or takes something.
        event: what the main thread's selector looks for; 0 if nothing.
        keep: whether the connection goes on behind the reply.
    """

    sock: ClientSocket
    timeout: float
    act: Act
    parser: Any

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, ClientSocket(sock), client, server)
        self.parser = Parser(cfg, self, client)
        self.initialized = True  # else gunicorn would wait for data, in the thread, and let the parser read the socket
        self.request = RequestBuffer()
        self.event = 0
        self.keep = False

    @property
    def idle(self) -> bool:
        """Whether nothing of a request has arrived, and no reply is on its way."""
        return self.request.stage is Stage.HEAD and not self.request.data and not self.sock.unsent

    def recv(self, size: int) -> bytes:
        """Return what was gathered; then, of a long body only, what has arrived, or arrives before the deadline.

        Raises:
            TimeoutError: if the client is too late. One whose bytes are here is not.
        """
        if self.request.data:
            return self.request.take()
        if self.request.fault is not None:
            raise self.request.fault
        if self.request.stage is not Stage.LONG:
            return b""
        self.sock.settimeout(max(0.0, self.timeout - time.monotonic()))
        try:
            return self.sock.recv(size)
        except BlockingIOError as error:
            raise TimeoutError from error
        finally:
            self.sock.settimeout(None)

    def flush(self) -> bool:
        """Send what the client takes now, and the end of the connection if it ends. Return whether all is sent."""
        sent = self.sock.flush()
        if sent and not self.keep:
            self.sock.shutdown(socket.SHUT_WR)
        return sent

    def next_request(self) -> bool:
        """Begin the next request with what was sent of it already. Return whether a thread can take it."""
        self.request = RequestBuffer()
        rest = self.parser.unreader.take_buffered()
        return bool(rest) and self.request.add(rest)
