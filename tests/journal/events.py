"""A small journal for the tests, and a disk that fails when it is told to."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from journal import Journal

DAY, NEXT = "2026-11-23", "2026-11-24"


class Events(Journal):
    """A journal of one stream."""

    def __init__(self, folder: Path, **edges: Any) -> None:
        super().__init__(folder, **edges)
        self.add_stream("events", ("who", "what"))

    def add(self, day: str, rows: bytes) -> None:
        self.append(day, {"events": rows})


class Disk:
    """A write that takes ``room`` more bytes and then fails, as a full or broken disk does."""

    def __init__(self, room: int, fault: int = errno.ENOSPC) -> None:
        self.room, self.fault = room, fault

    def __call__(self, descriptor: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(self.fault, os.strerror(self.fault))
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


def path(folder: Path, day: str = DAY) -> Path:
    return folder / f"events-{day}.csv"
