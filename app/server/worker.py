"""gunicorn's threaded worker, where no thread waits for a client: the main thread gathers requests and sends replies.

Requests: the main thread reads what arrives (framing.py). A thread takes a request that is whole, and reads it from
memory. So clients that send slowly, or nothing, hold no thread. Long bodies would need too much memory: threads of
their own read them, and a slow one keeps only other long ones waiting. All must arrive within one deadline.

Replies: what a client does not take at once the main thread sends, when the client takes more (connection.py). Those
to long requests may be long: their threads send them.

Full: if there are as many connections as may be, the one that has been waiting longest gives way to a new one.

Stopping: connections that wait in a listening socket's queue would be reset when it closes. The master lets no new ones
begin (sockets.py), and each worker accepts those that wait.
"""

from __future__ import annotations

import ctypes
import gc
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from app.server.connection import BLOCK, REPLY_TIMEOUT, Act, Connection, end_if_unread
from app.server.framing import Stage

# Bytes of replies that wait for their clients to read; beyond that, the longest wait ends.
_MAX_UNSENT = 32 << 20
# How long to wait for a client to close a connection that has ended, in seconds. If it were closed at once, what the
# client is still sending would make the kernel take back the response.
_LINGER = 0.5
_CHECK_INTERVAL = 0.25  # seconds between looks for connections whose time is over
# A thread that computes for long hands the interpreter over to one with a short request after so many seconds.
_SWITCH_INTERVAL = 0.001
_PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threaded worker; why a method of it is replaced is said at each.

    Attributes:
        request_timeout: seconds in which a request must arrive, from its first byte to its last.
        waiting: the connections that the main thread waits for; the longest wait comes first.
    """

    request_timeout = 30
    wsgi: Any

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

    def init_process(self) -> None:
        """Run the worker, after it was forked."""
        self.waiting: dict[Connection, None] = {}
        self._next_check = 0.0
        self._long_requests = ThreadPoolExecutor(self.cfg.threads)
        sys.setswitchinterval(_SWITCH_INTERVAL)
        with suppress(AttributeError):  # not Linux
            # If the master dies while this worker is stopped, it goes on, notices that, and lets the port go.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)
        super().init_process()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End at once, at Ctrl-C. gunicorn's own would first take a lock of the pool that this thread may hold."""
        super(ThreadWorker, self).handle_quit(sig, frame)

    def load_wsgi(self) -> None:
        """Load the application."""
        super().load_wsgi()
        self.wsgi = end_if_unread(self.wsgi)
        gc.collect()
        gc.freeze()  # what every request needs is never garbage; looking through it again takes up to 40 ms each time

    def accept(self, listener: Any) -> None:
        """Accept a connection; gunicorn would give it to a thread before anything was asked."""
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, client, listener.getsockname())
        self._wait(conn, self._receive, self.cfg.keepalive)
        longest = next(iter(self.waiting), conn)
        if self.alive and self.nr_conns >= self.worker_connections and longest is not conn:
            self._drop(longest)

    def enqueue_req(self, conn: Connection) -> None:
        """Give a request to a thread; a long one to one that may wait for its body."""
        conn.sock.patient = conn.request.stage is Stage.LONG
        pool = self._long_requests if conn.sock.patient else self.tpool
        answered = pool.submit(self.handle, conn, time.monotonic())
        answered.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def handle(self, conn: Connection, enqueued: float) -> None:
        """Answer one request of a connection, in a thread, and send what the client takes at once."""
        conn.timeout += time.monotonic() - enqueued  # it is not the client that was late
        conn.keep = False
        conn.keep = bool(super().handle(conn))
        with suppress(OSError):  # the main thread will notice
            conn.flush()

    def finish_request(self, conn: Connection, _: object) -> None:
        """Go on with a connection whose request was answered; gunicorn would not send the rest of the reply."""
        if conn.sock.unsent:
            self._wait(conn, self._send, REPLY_TIMEOUT, EVENT_WRITE)
            unsent = [conn for conn in self.waiting if conn.sock.unsent]
            if sum(len(conn.sock.unsent) for conn in unsent) > _MAX_UNSENT:
                self._drop(unsent[0])
        else:
            self._finish(conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or end accepting; the end is final if the worker stops, and then takes up those that wait."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                before = -1
                while self.nr_conns > before:
                    before = self.nr_conns
                    self.accept(listener)
                listener.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Give up the connections whose time is over, or all. gunicorn calls it in each turn, and knows idle ones only.

        A request that is too late is answered with 408 and logged, if it is known what was asked for.
        """
        now = time.monotonic()
        if now < self._next_check and not force:
            return
        self._next_check = now + _CHECK_INTERVAL
        for conn in [conn for conn in self.waiting if force or conn.timeout <= now]:
            if not force and self._end_early(conn, TimeoutError()):
                del self.waiting[conn]
                self.enqueue_req(conn)
            else:
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """As the worker stops, wait for heads of requests until a time only; gunicorn knows its own lists."""
        for conn in self.waiting:
            if conn.request.stage is Stage.HEAD:
                conn.timeout = min(conn.timeout, deadline)

    def is_parent_alive(self) -> bool:
        """Return whether the master lives. Without it nobody would restart us, so responses end the connection."""
        alive: bool = super().is_parent_alive()
        if not alive:
            self.alive = False
        return alive

    def _wait(self, conn: Connection, act: Act, seconds: float, event: int = EVENT_READ) -> None:
        """Let the main thread act when the client sends or takes something; give the client so many seconds."""
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
        """Read what the client has sent."""
        data = conn.sock.recv(BLOCK, socket.MSG_DONTWAIT)
        if data and conn.idle:
            del self.waiting[conn]  # its wait begins anew
            self.waiting[conn] = None
            conn.timeout = time.monotonic() + self.request_timeout
        if conn.request.add(data) if data else self._end_early(conn):
            del self.waiting[conn]
            self.enqueue_req(conn)
        elif not data:
            self._drop(conn)

    def _end_early(self, conn: Connection, fault: Exception | None = None) -> bool:
        """Let a request that is not whole be refused, and have its row in the log, if its head tells what it was."""
        known = conn.request.stage is Stage.BODY
        if known:
            conn.request.cut_off(fault)
        return known

    def _send(self, conn: Connection) -> None:
        """Send more of a reply."""
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
            self.enqueue_req(conn)
        elif conn.idle:
            self._wait(conn, self._receive, self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)
        else:
            self._wait(conn, self._receive, self.request_timeout)

    def _drain(self, conn: Connection) -> None:
        """Throw away what a client sends after the end."""
        if not conn.sock.recv(BLOCK, socket.MSG_DONTWAIT):
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        """Close a connection that is waited for."""
        del self.waiting[conn]
        self._unregister(conn)
        conn.close()
        self.nr_conns -= 1

    def _unregister(self, conn: Connection) -> None:
        if conn.event:
            self.poller.unregister(conn.sock)
            conn.event = 0
