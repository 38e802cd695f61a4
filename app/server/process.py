"""What the processes of the service set for themselves, with either server."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from contextlib import suppress

from app.server.malloc import trim_malloc

# A thread that computes for long hands the interpreter over to one with a short request after so many seconds.
_SWITCH_INTERVAL = 0.001
_PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h


def set_up_worker() -> None:
    """Prepare a worker's process, after it was forked."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with suppress(AttributeError):  # not Linux
        # If the master dies while this worker is stopped, it goes on, notices that, and lets the port go.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


def schedule_as_batch() -> None:
    """Let a thread of this process that wakes up wait until the one that runs waits too, or its time slice ends.

    Else each thread that gets a request interrupts the one that is answering another. Threads that are started later
    do as this one. The price: where other programs keep all cores busy, a thread waits up to 4 ms each time it wakes
    up. (Linux, sched(7).)
    """
    with suppress(AttributeError, OSError):  # not Linux; or a sandbox forbids it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:  # else somebody chose another one
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def freeze_heap() -> None:
    """Let the garbage collector look no more at what is in memory now, and give back what is free.

    Call it when all that lasts is loaded.

    In the master, before the fork: a collection writes to the objects that it looks at, so each worker would get copies
    of the pages that it shares. In a worker: a collection of all that every request needs takes up to 40 ms.
    """
    gc.collect()
    trim_malloc()
    gc.freeze()
