"""gunicorn's threaded worker, where no thread waits for a client: the main thread gathers requests and sends replies.

Requests: the main thread reads what arrives (framing.py). A thread takes a request that is whole, and reads it from
memory. So clients that send slowly, or nothing, hold no thread. Long bodies would need too much memory: threads of
their own read them, and a slow one keeps only other long ones waiting. All must arrive within one deadline.

Replies: what a client does not take at once the main thread sends, when the client takes more (connection.py). Those
to long requests may be long: their threads send them.

Full: if there are as many connections as may be, the one that has been waiting longest gives way to a new one.
Stopping: the master lets no new connections begin (sockets.py), and each worker accepts those that wait.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from app.server.config import CachedConfig
from app.server.connection import BLOCK, REPLY_TIMEOUT, Act, Connection
from app.server.framing import Stage
from app.server.process import freeze_heap, set_up_worker

# Bytes of replies that wait for their clients to read; beyond that, the longest wait ends.
_MAX_UNSENT = 32 << 20
# Seconds for a client to close. If we did at once, what it is still sending would make the kernel take the reply back.
_LINGER = 0.5
# Seconds between looks for connections whose time is over, and for the master: four a second at most; idle, one.
_TURN = 0.25


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threaded worker. Its ``run`` is the main loop, which calls the methods that are replaced here.

    Attributes:
        request_timeout: seconds in which a request must arrive, from its first byte to its last.
        waiting: the connections that the main thread waits for; the longest wait comes first.
        long_requests: the threads that may wait for a body.
    """

    request_timeout = 30
    cfg: Any

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ARG003 - as gunicorn has it
        """Check that gunicorn is asked for nothing that needs its own way of reading.

        Raises:
            RuntimeError: which gunicorn shows as one sentence.
        """
        if cfg.is_ssl:
            raise RuntimeError("certfile and keyfile can't be used: this worker has no TLS; put a proxy in front of it")
        if cfg.protocol != "http" or cfg.proxy_protocol != "off" or cfg.http2_cleartext != "off":
            raise RuntimeError("this worker speaks HTTP/1.1 only: unset gunicorn's protocol settings")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.waiting: dict[Connection, None] = {}
        self.cfg = CachedConfig(self.cfg, sendfile=False)  # a file would overtake its head, which is kept for a flush

    def init_process(self) -> None:
        """Run the worker, after it was forked."""
        self.long_requests = self.get_thread_pool()
        set_up_worker()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application."""
        super().load_wsgi()
        freeze_heap()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End at once, at Ctrl-C. gunicorn's own would first take a lock of the pool that this thread may hold."""
        super(ThreadWorker, self).handle_quit(sig, frame)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Act on what happens, for a while; then give up who is late.

        After each return, gunicorn's main loop makes two system calls (heartbeat, parent): too many for each event.
        """
        until = time.monotonic() + _TURN
        full = self.nr_conns >= self.worker_connections  # then gunicorn looks at each event whether it still is
        super().wait_for_and_dispatch_events(timeout)
        while self.alive and not full and time.monotonic() < until:
            super().wait_for_and_dispatch_events(timeout)
            full = self.nr_conns >= self.worker_connections
        self.expire()

    def is_parent_alive(self) -> bool:
        """Return whether the master lives. Without it nobody would restart us, so responses end the connection."""
        if not super().is_parent_alive():
            self.alive = False
        return self.alive

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or end accepting. At a stop, first take up who waits in the queues of the sockets: a close resets them.

        And wait only a little for those who asked nothing: gunicorn would do so, but knows its own lists only.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while self.accept(listener):
                pass
            listener.close()
        for conn in self.waiting:
            if conn.request.stage is Stage.HEAD:
                conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)

    def accept(self, listener: Any) -> bool:
        """Accept a connection, if one waits; gunicorn would give it to a thread before anything was asked."""
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, client, listener.getsockname())
        self._wait(conn, self._receive, self.cfg.keepalive)
        longest = next(iter(self.waiting), conn)
        if self.alive and self.nr_conns >= self.worker_connections and longest is not conn:
            self._drop(longest)
        return True

    def expire(self) -> None:
        """Give up who is late. A late request is answered with 408 and logged, if it is known what was asked for."""
        now = time.monotonic()
        for conn in [conn for conn in self.waiting if conn.timeout <= now]:
            if self._end_early(conn, TimeoutError()):
                self._submit(conn)
            else:
                self._drop(conn)

    def _submit(self, conn: Connection) -> None:
        """Give a request to a thread; a long one to one that may wait for its body."""
        self.waiting.pop(conn, None)
        conn.sock.patient = conn.request.stage is Stage.LONG
        pool = self.long_requests if conn.sock.patient else self.tpool
        pool.submit(self._answer, conn, time.monotonic())

    def _answer(self, conn: Connection, submitted: float) -> None:
        """Answer a request, in a thread, and send what the client takes at once."""
        conn.timeout += time.monotonic() - submitted  # it is not the client that was late
        conn.keep = False
        try:
            conn.keep = bool(self.handle(conn))
            with suppress(OSError):  # the main thread will notice
                conn.flush()
        finally:
            self.method_queue.defer(self._answered, conn)

    def _answered(self, conn: Connection) -> None:
        """Go on with a connection whose request was answered."""
        if conn.sock.unsent:
            self._wait(conn, self._send, REPLY_TIMEOUT, EVENT_WRITE)
            unsent = [conn for conn in self.waiting if conn.sock.unsent]
            if sum(len(conn.sock.unsent) for conn in unsent) > _MAX_UNSENT:
                self._drop(unsent[0])
        else:
            self._finish(conn)

    def _wait(self, conn: Connection, act: Act, seconds: float, event: int = EVENT_READ) -> None:
        """Act when the client sends or takes something; give it so many seconds."""
        conn.timeout = time.monotonic() + seconds
        conn.act = act
        self.waiting[conn] = None
        if conn.event != event:
            self._unregister(conn)
            try:
                self.poller.register(conn.sock, event, partial(self._act, conn))
                conn.event = event
            except (KeyError, ValueError):  # gunicorn has closed it, or one of its number, after a failure in a reply
                self._drop(conn)

    def _act(self, conn: Connection, _: object) -> None:
        if conn not in self.waiting:
            # A thread has it: few clients send more meanwhile, so it stayed registered. Or it was closed in this turn.
            return self._unregister(conn)
        try:
            conn.act(conn)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(conn)

    def _receive(self, conn: Connection) -> None:
        data = conn.sock.recv(BLOCK, socket.MSG_DONTWAIT)
        if data and conn.idle:
            self.waiting[conn] = self.waiting.pop(conn)  # its wait begins anew
            conn.timeout = time.monotonic() + self.request_timeout
        if conn.request.add(data) if data else self._end_early(conn):
            self._submit(conn)
        elif not data:
            self._drop(conn)

    def _end_early(self, conn: Connection, fault: Exception | None = None) -> bool:
        """Let a request that is not whole be refused, and have its row in the log, if its head tells what it was."""
        if known := conn.request.stage is Stage.BODY:
            conn.request.cut_off(fault)
        return known

    def _send(self, conn: Connection) -> None:
        before = len(conn.sock.unsent)
        if conn.flush():
            del self.waiting[conn]
            self._finish(conn)
        elif before // BLOCK != len(conn.sock.unsent) // BLOCK:
            conn.timeout = time.monotonic() + REPLY_TIMEOUT

    def _finish(self, conn: Connection) -> None:
        """Go on with a connection whose reply was sent: with its next request, or its end."""
        if not conn.keep:
            self._wait(conn, self._drain, _LINGER)
        elif conn.next_request():
            conn.timeout = time.monotonic() + self.request_timeout
            self._submit(conn)
        elif conn.idle:
            self._wait(conn, self._receive, self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)
        else:
            self._wait(conn, self._receive, self.request_timeout)

    def _drain(self, conn: Connection) -> None:
        if not conn.sock.recv(BLOCK, socket.MSG_DONTWAIT):
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        del self.waiting[conn]
        self._unregister(conn)
        conn.close()
        self.nr_conns -= 1

    def _unregister(self, conn: Connection) -> None:
        if conn.event:
            self.poller.unregister(conn.sock)
            conn.event = 0
