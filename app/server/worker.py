"""gunicorn's threaded worker with four changes; another server needs none of them.

Stopping: connections that wait in a listening socket's queue would be reset when it closes. The master lets no new ones
begin (sockets.py), and each worker accepts those that wait.

Idle connections: browsers open some before they have a request. Such a connection waits like one that is kept for its
next request: it holds no thread, and does not delay a stop.

Slow clients: when a connection ends, a thread waits for the client to close it; the main thread, which serves all
others, does not. A client that timed out (sockets.py) is no error in the log.

Unread bodies: if a body was not read to its end, as that of a refused upload, gunicorn promises to keep the connection
and waits for the rest. If the rest is long it closes the connection anyway, and the client's next request fails. Here
the response says that the connection ends.
"""

from __future__ import annotations

import selectors
import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.util import close_graceful
from gunicorn.workers.gthread import TConn, ThreadWorker

# How long to wait for a client to close a connection that has ended, in seconds. If it were closed at once, what the
# client is still sending would make the kernel take back the response.
_LINGER = 0.5


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threaded worker; what differs is said at each method."""

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
        self.wsgi = _end_if_unread(self.wsgi)

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
                before = -1
                while self.nr_conns > before:
                    before = self.nr_conns
                    self.accept(listener)
                listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """Let no connection that waits for a request stay open after ``deadline`` (monotonic clock, in seconds)."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def is_parent_alive(self) -> bool:
        """Return whether the master lives. Without it nobody would restart us, so responses end the connection."""
        alive: bool = super().is_parent_alive()
        if not alive:
            self.alive = False
        return alive


class Log(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's log, in which a client that timed out is no error."""

    def exception(self, message: str, *arguments: Any, **options: Any) -> None:
        """Log the exception that is being handled."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.debug("A client timed out in the middle of its request or response.")
        else:
            super().exception(message, *arguments, **options)


def _end_if_unread(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the application, whose responses end the connection if something is left of the request."""

    def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(*arguments: Any) -> Any:
            # What is left shows in gunicorn's reader by its length or its chunks. After a failure nobody can tell.
            body = environ["wsgi.input"]
            if getattr(body.reader, "length", 0) or getattr(body.reader, "parser", None) or body.failed:
                start_response.__self__.force_close()
            return start_response(*arguments)

        return application(environ, start)

    return wsgi
