"""Tells malloc which free memory to keep, and which to give back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# mallopt's names for them in glibc's malloc.h.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
_MAX_KEPT = 16 << 20  # bytes: more than 10,000 rows in JSON and their log take at once


def tune_malloc() -> None:
    """Let malloc keep up to 16 MB that were freed, instead of giving them back to the system after each large request.

    Left to itself it may fetch them again page by page for the next one: measured, up to 900 page faults and a fifth of
    the time of 10,000 rows. All threads share one heap, because each heap would keep as much. Only one thread runs
    Python at a time, so they seldom wait for each other there.
    """
    with suppress(OSError, AttributeError, TypeError):  # not glibc: nothing to set
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _MAX_KEPT)
        mallopt(_MMAP_THRESHOLD, _MAX_KEPT)


def trim_malloc() -> None:
    """Give the free memory back to the system: imports leave some behind."""
    with suppress(OSError, AttributeError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
