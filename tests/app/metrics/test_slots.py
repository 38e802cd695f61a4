"""The shared map: nothing that a worker counted is lost when it ends, and no two workers count in the same place."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable

from app.metrics.layout import BREAKER_OPEN, COUNTED, ENDED_CPU, EVENT, PAGE, PID, SLOT_SIZE
from app.metrics.recorder import Recorder
from app.metrics.slots import SlotMap, adopt, own_slot, shared_map


def fork(work: Callable[[], None]) -> int:
    """Fork a process that works and is killed then. Return its process id."""
    with warnings.catch_warnings():  # from Python 3.12 on, if an earlier test left a thread; the child starts none
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    return pid


def run_worker(work: Callable[[], None]) -> int:
    """Let a process work, and wait until it was killed. Return its process id."""
    pid = fork(work)
    os.waitpid(pid, 0)
    return pid


def count_feedback(slots: SlotMap, number: int, times: int) -> Callable[[], None]:
    def work() -> None:
        recorder = Recorder(slots.slot(number))
        for _ in range(times):
            recorder.count("feedback_rows")

    return work


def test_a_new_worker_goes_on_where_a_killed_one_stopped() -> None:
    slots = SlotMap(4)
    first, second = slots.take(()), slots.take([1])
    for number in (first, second, first, first):
        run_worker(count_feedback(slots, number, 10))
        slots.release(number)
    assert slots.read()[:, EVENT["feedback_rows"]].tolist() == [30, 10]


def test_a_worker_that_ended_leaves_its_counts_and_no_state() -> None:
    slots = SlotMap(2)
    number = slots.take(())

    def work() -> None:
        recorder = Recorder(slots.slot(number))
        recorder.set_breaker(True)

    pid = run_worker(work)
    slot = slots.slot(number)
    assert (slot[PID], slot[BREAKER_OPEN], slot[EVENT["breaker_opened"]]) == (pid, 1, 1)
    slots.release(number)
    assert (slot[PID], slot[BREAKER_OPEN], slot[EVENT["breaker_opened"]]) == (0, 0, 1)
    assert slots.master[ENDED_CPU] > 0


def test_the_lowest_free_slot_is_taken_and_the_last_one_shared() -> None:
    slots = SlotMap(3)
    assert [slots.take(taken) for taken in ([], [1], [1, 2], [2, 3], [1, 2, 3], [1, 2, 3, 3])] == [1, 2, 3, 1, 3, 3]
    assert len(slots.read()) == 3


def test_only_slots_that_were_ever_used_are_read() -> None:
    slots = SlotMap()
    slots.take([1])
    assert slots.read().shape == (2, COUNTED)


def test_a_slot_is_whole_pages() -> None:
    assert SLOT_SIZE % PAGE == 0


def test_without_gunicorn_each_application_counts_alone() -> None:
    (first, number), (second, _) = own_slot(), own_slot()
    Recorder(first.slot(number)).count("feedback_rows")
    assert (first.read()[:, EVENT["feedback_rows"]], second.read()[:, EVENT["feedback_rows"]]) == ([1], [0])


def test_a_worker_counts_in_the_slot_that_its_master_gave_it() -> None:
    number = shared_map().take(())

    def work() -> None:
        adopt(number)
        slots, own = own_slot()
        Recorder(slots.slot(own)).count("feedback_rows")

    before = shared_map().slot(number)[EVENT["feedback_rows"]]
    run_worker(work)
    assert shared_map().slot(number)[EVENT["feedback_rows"]] == before + 1
