"""A gunicorn worker in which Granian speaks HTTP: gunicorn looks after the processes, Granian after the connections.

Of Granian there is what one of its worker processes runs: a server in Rust that reads requests and calls the
application in threads (gateway.py). Its master is left out: it ends if a worker dies twice in a few seconds, its
workers go on if it is killed, and each of them has a socket of its own, so what waits in there dies with the worker.
Sockets, signals, pauses and the ends of workers are gunicorn's, as with worker.py.

Slow clients: one that sends nothing of its next request costs no thread. One that stops in the middle of a body, or
stops reading a long reply, holds a thread, and Granian has no limit for it. docs/how-to/granian.md says what follows.

Stopping: each reply ends its connection. For a moment, new connections are accepted, as some may wait in the socket's
queue; for another, requests on those that are there are answered. Then Granian closes the idle ones, and finishes the
others.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from granian import _granian
from granian.http import HTTP1Settings
from gunicorn.config import Config
from gunicorn.workers.base import Worker

from app.server.gateway import Gateway
from app.server.process import freeze_heap, schedule_as_batch, set_up_worker

_native: Any = _granian  # its stub is older than its code
_HEARTBEAT = 0.5  # seconds between two signs of life to the master, and looks whether it lives
_LINGER = 0.5  # seconds, twice
_IDLE_TIMEOUT = 30  # seconds after which a thread ends that had nothing to do
_MAX_BUFFER = 1 << 16  # bytes of a request that are read ahead; about as many as a head may have
_IO_THREADS = 1  # Rust's own, for files; there are none here
# gunicorn's settings that would have no effect: it reads no request here.
_UNSUPPORTED = (
    "accesslog",
    "ca_certs",
    "casefold_http_method",
    "cert_reqs",
    "ciphers",
    "http2_cleartext",
    "http_protocols",
    "limit_request_field_size",
    "limit_request_fields",
    "limit_request_line",
    "max_requests",
    "permit_obsolete_folding",
    "permit_unconventional_http_method",
    "permit_unconventional_http_version",
    "post_request",
    "pre_request",
    "protocol",
    "proxy_protocol",
    "reload",
    "root_path",
    "ssl_context",
    "ssl_version",
    "strip_header_spaces",
)


class GranianWorker(Worker):  # type: ignore[misc]  # gunicorn is untyped
    """A worker that lets Granian serve one listening socket."""

    _status = 1  # with which the process ends, unless it ends as it was told to

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ARG003 - as gunicorn has it
        """Check that gunicorn is asked for nothing that Granian would not do here.

        Raises:
            RuntimeError: which gunicorn shows as one sentence.
        """
        if len(cfg.address) > 1:
            raise RuntimeError("Granian's worker listens on one address: name one only")
        defaults = Config()
        if changed := [name for name in _UNSUPPORTED if getattr(cfg, name) != getattr(defaults, name)]:
            raise RuntimeError(f"Granian does not have these settings of gunicorn's: unset {', '.join(changed)}")
        if not cfg.is_ssl:
            return
        if not (cfg.certfile and cfg.keyfile):
            raise RuntimeError("Granian needs the certificate and its key: give both certfile and keyfile")
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            # An encrypted key is refused; without a password here, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(cfg.certfile, cfg.keyfile, password=lambda: "")
            key = Path(cfg.keyfile).read_bytes()
        except OSError as error:
            raise RuntimeError(f"certfile and keyfile can't be used: {error}") from error
        if b"-----BEGIN PRIVATE KEY-----" not in key:  # each worker would abort
            raise RuntimeError("Granian reads a key in PKCS#8 only: `openssl pkey -in KEY -out NEW` writes one")

    def init_process(self) -> None:
        """Run the worker, after it was forked."""
        set_up_worker()
        schedule_as_batch()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application."""
        super().load_wsgi()
        self._gateway = Gateway(self.wsgi, multiprocess=self.cfg.workers > 1)
        freeze_heap()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End at once, at Ctrl-C."""
        self._status = 0
        super().handle_quit(sig, frame)

    def run(self) -> None:
        """Serve until the master says to stop, or is gone.

        Raises:
            RuntimeError: if Granian stops by itself.
        """
        # End without Python's own clean-up: if a thread of Rust called Python meanwhile, the process would abort.
        atexit.register(lambda: os._exit(self._status))
        stopped = threading.Event()
        stop = self._serve(stopped.set)
        while self.alive and self._has_master():
            if stopped.is_set():
                raise RuntimeError("Granian has stopped by itself")
            self._wait(_HEARTBEAT)
        self._gateway.ending = True
        if self._has_master():  # without one, the port is needed at once
            self._linger()
        self._stop_listening()
        self._linger()
        stop()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while not stopped.wait(_HEARTBEAT) and time.monotonic() < deadline:
            self.notify()
        self._status = 0

    def _serve(self, on_stop: Callable[[], None]) -> Callable[[], None]:
        """Let Granian serve, in threads of its own. Return what makes it stop; ``on_stop`` is called when it has."""
        (listener,) = self.sockets
        is_unix = listener.FAMILY == socket.AF_UNIX
        self._listening = os.dup(listener.fileno())  # which Granian closes in the end
        holder = _native.SocketHolder(self._listening, is_unix, self.cfg.backlog)
        timeout = self.cfg.keepalive * 1000
        server = _native.WSGIWorker(
            1,
            (None, holder),
            None,  # a pipe for metrics
            threads=1,  # of Rust
            blocking_threads=_IO_THREADS,
            py_threads=self.cfg.threads,
            py_threads_idle_timeout=_IDLE_TIMEOUT,
            backpressure=self.cfg.worker_connections,
            http_mode="1",
            # Until the head of a request is there, which may be the next one on a connection that waits for it.
            http1_opts=HTTP1Settings(header_read_timeout=timeout, max_buffer_size=_MAX_BUFFER),
            ssl_enabled=bool(self.cfg.is_ssl),
            ssl_cert=self.cfg.certfile,
            ssl_key=self.cfg.keyfile,
            ssl_protocol_min="tls1.2",
            metrics=(None, None),
        )
        ending = _native.WorkerSignal()
        ending.add_cb(on_stop)
        loop = asyncio.new_event_loop()  # Granian asks for one, which runs nothing here
        scheduler = _native.CallbackScheduler(loop, self._gateway, None, None, None)
        (server.serve_mtr_uds if is_unix else server.serve_mtr)(scheduler, loop, ending)
        set_ending: Callable[[], None] = ending.set
        return set_ending

    def _stop_listening(self) -> None:
        """Leave new connections to other workers, and let the port go. Those that are there go on.

        Granian would close all connections on which nothing was asked yet, as it stops to listen. So it goes on with
        the same descriptor, on a socket that nobody knows.
        """
        with socket.create_server(("127.0.0.1", 0)) as other:
            other.setblocking(False)
            os.dup2(other.fileno(), self._listening, inheritable=False)
        for listener in self.sockets:
            listener.close()

    def _has_master(self) -> bool:
        return bool(self.ppid == os.getppid())

    def _linger(self) -> None:
        end = time.monotonic() + _LINGER
        while (left := end - time.monotonic()) > 0:
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        """Tell the master that this worker lives, and wait so long, or until a signal arrives."""
        self.notify()
        with suppress(BlockingIOError):
            if select.select(self.PIPE[:1], [], [], seconds)[0]:
                os.read(self.PIPE[0], 1)
