"""What gunicorn's threaded worker leaves open: stopping without a reset connection and without waiting for clients that
ask nothing, clients that stand still, and requests that were not read to their end.

Knows gunicorn and nothing else of the service; another server needs none of this.

While a listening socket is open the kernel completes connections to it, and those that no worker accepts are reset when
it closes. So the master first lets no new ones begin, and then each worker takes those that wait.

A connection on which nothing was asked yet, as browsers open them ahead, waits like one that is kept for its next
request: it holds no thread, and does not hold up a stop.

A client that stops in the middle of its request or reply holds a thread until it goes on; so the kernel ends its wait.
One that does not close a connection that has ended is waited for in a thread, and not where all others are served from.

Where a body was not read to its end, as that of a refused upload, gunicorn promises to keep the connection, waits for
the rest, and closes it nevertheless if that is long; the client's next request fails. Here the reply says that it ends.
"""

from __future__ import annotations

import ctypes
import selectors
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.util import close_graceful
from gunicorn.workers.gthread import TConn, ThreadWorker

# How long a client may send nothing in the middle of its request, or take nothing of its reply, in seconds.
_PATIENCE = 10
# How long to wait for a client to close a connection that has ended, in seconds: closed at once, what is still on its
# way to us would make the kernel take back the reply.
_LINGER = 0.5
_SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h; the socket module does not name it
# A packet filter (struct sock_filter: code, jump if true, jump if false, operand) over the TCP header:
_NO_SYN = b"".join(
    struct.pack("HBBI", *step)
    for step in (
        (0x30, 0, 0, 13),  # load the byte of flags
        (0x45, 0, 1, 0x02),  # SYN?
        (0x06, 0, 0, 0),  # then drop it: the client asks again in a second, and then nobody listens
        (0x06, 0, 0, 0xFFFFFFFF),  # else keep it
    )
)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threaded worker, which takes who waits in the listening socket's queue before it stops."""

    alive: bool
    wsgi: Any
    nr_conns: int
    pending_conns: deque[TConn]
    poller: selectors.BaseSelector

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread; a new one only once something was asked on it."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
        else:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        """Answer one request of a connection, in a thread; end the connection if it was the last."""
        keep = super().handle(conn)
        if keep is False:
            close_graceful(conn.sock, _LINGER, max_drain=sys.maxsize)
        return keep

    def load_wsgi(self) -> None:
        """Load the application."""
        super().load_wsgi()
        self.wsgi = _ending(self.wsgi)

    def finish_request(self, conn: TConn, answered: Future[Any]) -> None:
        """Go on with a connection whose request was answered, in the main thread."""
        if answered.exception() is None and answered.result() is False:
            self.nr_conns -= 1  # closed by handle
        else:
            super().finish_request(conn, answered)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or end accepting; the end is final if the worker stops."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                waiting = True
                while waiting:
                    before = self.nr_conns
                    self.accept(listener)
                    waiting = self.nr_conns > before
                listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """Let no connection that waits for a request stay open after ``deadline`` (monotonic clock, in seconds)."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def is_parent_alive(self) -> bool:
        """Whether the master lives. Without it nobody would restart us, so replies say that the connection ends."""
        alive: bool = super().is_parent_alive()
        if not alive:
            self.alive = False
        return alive


class Log(Logger):  # type: ignore[misc]
    """gunicorn's log, in which a client that stood still is no error of ours."""

    def exception(self, message: str, *arguments: Any, **options: Any) -> None:
        """Log the exception that is being handled."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.debug("A client stood still in the middle of its request or reply.")
        else:
            super().exception(message, *arguments, **options)


def _ending(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application, whose replies end the connection if there is something left of the request."""

    def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(*arguments: Any) -> Any:
            if _is_left(environ["wsgi.input"]):
                start_response.__self__.force_close()
            return start_response(*arguments)

        return application(environ, start)

    return wsgi


def _is_left(body: Any) -> bool:
    """Whether there is something left of a body of gunicorn's, by its length or its chunks, or nobody can tell."""
    reader = body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None) or body.failed)


def prepare(master: Any) -> None:
    """Prepare a gunicorn master's sockets, and let no new connection begin once it is told to stop (SIGTERM)."""
    for listener in master.LISTENERS:  # connections inherit it
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _PATIENCE, 0))
    stop = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        for listener in master.LISTENERS:
            _drop_syn(listener.sock)
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, handle)


def _drop_syn(listener: socket.socket) -> None:
    program = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
    with suppress(OSError):  # not Linux: then a connection may be reset that began in the last moment
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 4, ctypes.addressof(program)))
