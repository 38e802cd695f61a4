"""The shared map: a slot of doubles for each worker, in anonymous memory that the master makes before it forks.

A slot belongs to a place among the workers and not to a process: a new worker takes the slot of one that ended, and
goes on counting there. So nothing is lost when a worker is killed, nothing grows, and no count ever falls. A double is
written in one step, so a reader needs no lock (layout.py has the picture).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import time
from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.metrics.layout import BREAKER_OPEN, ENDED_CPU, MASTER_PID, PID, SLOT_SIZE, STARTED, USED
from app.metrics.ring import snapshot

MAX_SLOTS = 256  # memory is taken only for those in use; workers beyond share the last one

# A ctypes array takes half the time of a memoryview to change a double.
Slot: TypeAlias = "ctypes.Array[ctypes.c_double]"


class SlotMap:
    """Doubles for the master and for each worker.

    Args:
        slots: how many workers may count at the same time.

    Attributes:
        master: the master's doubles, which only it writes; but for those that a scrape keeps there.
    """

    def __init__(self, slots: int = MAX_SLOTS) -> None:
        self._memory = mmap.mmap(-1, (1 + slots) * SLOT_SIZE * 8)
        self._array = np.frombuffer(self._memory).reshape(1 + slots, SLOT_SIZE)
        self.master = self.slot(0)
        self.master[MASTER_PID], self.master[STARTED] = os.getpid(), time.time()
        self._slots = slots

    def take(self, taken: Iterable[int]) -> int:
        """Return the number of a slot that is free, 1 or more; called by the master before it forks."""
        in_use = set(taken)
        number = next((number for number in range(1, self._slots) if number not in in_use), self._slots)
        self.master[USED] = max(self.master[USED], number)
        return number

    def release(self, number: int) -> None:
        """Note that the process of a slot ended and was waited for: its counts stay; called by the master."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.master[ENDED_CPU] = used.ru_utime + used.ru_stime
        slot = self.slot(number)
        slot[PID] = slot[BREAKER_OPEN] = 0

    def slot(self, number: int) -> Slot:
        """Return the doubles of a slot."""
        return (ctypes.c_double * SLOT_SIZE).from_buffer(self._memory, number * SLOT_SIZE * 8)

    def read(self) -> NDArray[np.float64]:
        """Return the heads and the counts of the slots now, float64 (slots that were ever used, COUNTED)."""
        return np.array([snapshot(slot) for slot in self._array[1 : 1 + int(self.master[USED])]])


@cache
def shared_map() -> SlotMap:
    """Return the map of this master and its workers; it outlives gunicorn's configuration, which SIGHUP reads anew."""
    return SlotMap()


_adopted: list[int] = []


def adopt(number: int) -> None:
    """Let this process, a worker, count in a slot of the shared map."""
    _adopted[:] = [number]


def own_slot() -> tuple[SlotMap, int]:
    """Return the map and the number of the slot that this process counts in; a map of its own without gunicorn."""
    if _adopted:
        return shared_map(), _adopted[0]
    slots = SlotMap(1)
    return slots, slots.take(())
