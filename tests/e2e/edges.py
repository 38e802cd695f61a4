"""The application with its edges moved: what a clock and a disk do on a bad day, in a real server.

EDGE_OFFSET: a file with the seconds that the wall clock is ahead. Put it there whole, also to move the clock on.
EDGE_SYNC_FAULT: a file; while it is there, every seventh sync with the disk fails.
EDGE_FAULT: a file; while it is there, a write stops half-way with the error that the file names. Put it there whole.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from flask import Flask

import app
from journal import appender


def failing_sync(fault: Path) -> Callable[[int], None]:
    calls = count()

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        if next(calls) % 7 == 0 and fault.exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return sync


def create_app() -> Flask:
    """For gunicorn: ``tests.e2e.edges:create_app()``."""
    offset = Path(os.environ.get("EDGE_OFFSET", "/nonexistent"))
    if "EDGE_SYNC_FAULT" in os.environ:
        appender._fdatasync = failing_sync(Path(os.environ["EDGE_SYNC_FAULT"]))
    fault = Path(os.environ.get("EDGE_FAULT", "/nonexistent"))

    def write(descriptor: int, data: bytes) -> int:
        try:
            code = getattr(errno, fault.read_text())
        except FileNotFoundError:
            return os.write(descriptor, data)
        os.write(descriptor, data[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    def now() -> float:
        return time.time() + (float(offset.read_text()) if offset.exists() else 0)

    return app.create_app(now=now, write=write)
