"""The application with its edges moved: what a clock and a disk do on a bad day, in a real server.

EDGE_OFFSET: seconds that the wall clock is ahead.
EDGE_FAULT: a file; while it is there, a write stops half-way with the error that the file names. Put it there whole.
"""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

import app


def create_app() -> Flask:
    """For gunicorn: ``tests.e2e.edges:create_app()``."""
    offset = timedelta(seconds=float(os.environ.get("EDGE_OFFSET", "0")))
    fault = Path(os.environ.get("EDGE_FAULT", "/nonexistent"))

    def write(descriptor: int, data: bytes) -> int:
        try:
            code = getattr(errno, fault.read_text())
        except FileNotFoundError:
            return os.write(descriptor, data)
        os.write(descriptor, data[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    return app.create_app(now=lambda: datetime.now(UTC) + offset, write=write)
