"""Listening sockets: whether a port is free, how long a client may stall, and no new connections at a stop."""

from __future__ import annotations

import ctypes
import errno
import signal
import socket
import struct
import time
from contextlib import suppress
from types import FrameType
from typing import Any

# How long a client may send nothing in the middle of its request, or take nothing of its response, in seconds.
CLIENT_TIMEOUT = 10
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


def wait_until_free(host: str, port: int) -> None:
    """Check that a port can be bound; wait a little if it is in use.

    Raises:
        OSError: if it can't be.
        UnicodeError: if the host's name can't be looked up.
    """
    deadline = time.monotonic() + _FREE_TIMEOUT
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_INTERVAL)


def prepare_listeners(master: Any) -> None:
    """Set the time limits of a gunicorn master's sockets, and let no new connection begin once it gets SIGTERM.

    A client that stops in the middle of its request or response holds a thread until the kernel ends its wait.
    """
    for listener in master.LISTENERS:  # connections inherit it
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_TIMEOUT, 0))
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
