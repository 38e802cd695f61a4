"""Processor time and memory of the processes that share a map."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.metrics.layout import PID
from app.metrics.processes import measure
from app.metrics.slots import SlotMap
from tests.app.metrics.test_slots import fork

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="NOT TESTED: there is no /proc here")


def measured(slots: SlotMap) -> tuple[float, int]:
    result = measure(slots)
    assert result is not None
    return result


def test_processor_time_never_falls_when_a_worker_ends() -> None:
    slots = SlotMap(1)
    slot = slots.slot(slots.take(()))
    slots.release(1)  # children of this process that earlier tests had: known from the start
    alone = measured(slots)

    def work() -> None:
        while time.process_time() < 0.3:
            pass

    slot[PID] = pid = fork(work)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it ended, and was not waited for yet
    ended = measured(slots)
    os.waitpid(pid, 0)
    between = measured(slots)
    slots.release(1)
    released = measured(slots)
    assert alone[0] + 0.25 <= ended[0] <= between[0] <= released[0] < alone[0] + 5


def test_memory_is_that_of_the_processes_that_live() -> None:
    slots = SlotMap(1)
    slots.slot(slots.take(()))[PID] = 2**22 + 1  # more than any process has
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert measured(slots)[1] == pytest.approx(resident, rel=0.2)
