"""The processor time and the memory of the master and its workers, from Linux' /proc; elsewhere nothing is known."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.metrics.layout import ENDED_CPU, MASTER_PID, PID, SHOWN_CPU
from app.metrics.slots import SlotMap

_PROC = Path("/proc")


def measure(slots: SlotMap) -> tuple[float, int, int] | None:
    """Return the seconds of CPU of all processes that ever were, and the bytes and the number of those that are.

    Memory is what each process has resident: pages that they share count once for each. A worker's time comes from
    /proc while it lives, and from what its master was told when it had ended. Between the two moments it is in neither,
    so the most that was ever shown is shown: a counter may not fall.
    """
    if not (_PROC / "self" / "stat").exists():
        return None
    pids = {int(slots.master[MASTER_PID]), *(int(slot[PID]) for slot in slots.read())} - {0}
    seconds, resident, alive = slots.master[ENDED_CPU], 0, 0
    for pid in pids:
        with suppress(OSError):  # it has just ended
            fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            user, system, user_of_children, system_of_children = map(int, fields[11:15])
            is_master = pid == slots.master[MASTER_PID]  # whose ended children are in ENDED_CPU
            ticks = user + system + (0 if is_master else user_of_children + system_of_children)
            seconds += ticks / os.sysconf("SC_CLK_TCK")
            resident += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
            alive += 1
    slots.master[SHOWN_CPU] = seconds = max(seconds, slots.master[SHOWN_CPU])
    return seconds, resident, alive
