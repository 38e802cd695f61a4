"""What a process sets for itself, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's system calls")
SET_UP = """
import ctypes, signal, sys
from app.server.process import set_up_worker
set_up_worker()
number = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(number))  # PR_GET_PDEATHSIG
print(sys.getswitchinterval(), signal.Signals(number.value).name)
"""
SCHEDULE = """
import os, threading
from app.server.process import schedule_as_batch
if {chosen}:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
schedule_as_batch()
thread = threading.Thread(target=lambda: print(os.sched_getscheduler(0) == os.{policy}))
thread.start()
thread.join()
"""
FREEZE = """
import gc, weakref
from app.server.process import freeze_heap
gc.disable()
class Node: pass
garbage, kept = Node(), Node()
garbage.itself = garbage
gone = weakref.ref(garbage)
del garbage
freeze_heap()
print(gc.get_freeze_count() > 1000, any(value is kept for value in gc.get_objects()), gone())
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param(SET_UP, "0.001 SIGCONT", marks=ON_LINUX),
        pytest.param(SCHEDULE.format(chosen=False, policy="SCHED_BATCH"), "True", marks=ON_LINUX),
        pytest.param(SCHEDULE.format(chosen=True, policy="SCHED_IDLE"), "True", marks=ON_LINUX),
        (FREEZE, "True False None"),
    ],
    ids=[
        "its threads change turns soon, and its master's end wakes it",
        "its threads do not interrupt each other",
        "unless somebody chose how they are scheduled",
        "what is loaded is left alone, garbage is not",
    ],
)
def test_in_a_process(code: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said
