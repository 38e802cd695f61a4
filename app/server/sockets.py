"""Listening sockets: whether an address is free, and no new connections at a stop."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

# Workers whose master was killed hold its port until they notice, in a second.
_FREE_TIMEOUT, _POLL_INTERVAL = 2.0, 0.1
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


def wait_until_free(address: tuple[str, int] | Path) -> None:
    """Check that a host and port, or the path of a Unix socket, can be bound; wait a little if it is in use.

    Raises:
        OSError: if it can't be.
        UnicodeError: if the host's name can't be looked up.
    """
    deadline = time.monotonic() + _FREE_TIMEOUT
    while True:
        try:
            return _check_path(address) if isinstance(address, Path) else _check_port(*address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_INTERVAL)


def _check_port(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _check_path(path: Path) -> None:
    """Check that nobody listens there, as gunicorn takes the path from whoever does, and that a socket can be made."""
    with socket.socket(socket.AF_UNIX) as probe:
        if path.exists() and not path.is_socket():
            raise FileExistsError(errno.EEXIST, "a file that is no socket is there")
        with suppress(FileNotFoundError, ConnectionRefusedError):
            probe.connect(str(path))
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        beside = path.with_name(f"{path.name[:-1]}~")  # as long
        probe.bind(str(beside))
        beside.unlink()


def prepare_listeners(master: Any) -> None:
    """Let no new connection begin on a gunicorn master's sockets once it gets SIGTERM."""
    stop = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() != master.pid:
            os._exit(0)  # a worker that has just been forked still has this handler, and the same sockets
        # After SIGUSR2 a second master has the same sockets, and goes on.
        if not master.reexec_pid and not master.master_pid:
            for listener in master.LISTENERS:
                _drop_syn(listener.sock)
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, handle)


def _drop_syn(listener: socket.socket) -> None:
    if listener.family == socket.AF_UNIX:
        return
    program = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
    with suppress(OSError):  # not Linux: then a connection may be reset that began in the last moment
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 4, ctypes.addressof(program)))
