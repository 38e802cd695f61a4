"""Workers that die young boot after a growing pause."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest

from app.server.backoff import HEALTHY, Backoff


class FakeWorker:
    """What of a worker the hooks use. Its notify counts the seconds that it pauses."""

    pause = boots_at = 0.0
    alive = True
    ends_well: bytearray
    log = logging.getLogger(__name__)

    def __init__(self) -> None:
        self.ppid = os.getppid()


class Master:
    """A master with a clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.backoff = Backoff(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def boot(self) -> FakeWorker:
        worker = FakeWorker()
        self.backoff.pre_fork(self, worker)
        return worker

    def bury(self, worker: FakeWorker, lifetime: float) -> None:
        self.now = worker.boots_at + lifetime
        self.backoff.child_exit(self, worker)

    def pauses(self, count: int, lifetime: float) -> list[float]:
        """Return the pauses of workers of which each lives so long."""
        workers = []
        for _ in range(count):
            workers.append(self.boot())
            self.bury(workers[-1], lifetime)
        return [worker.pause for worker in workers]


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    assert Master().pauses(8, lifetime=0.1) == [0, 1, 2, 4, 8, 16, 30, 30]


def test_workers_that_die_together_lengthen_the_pause_once() -> None:
    master = Master()
    for pause in (0, 1, 2):
        workers = [master.boot() for _ in range(4)]
        assert [worker.pause for worker in workers] == [pause] * 4
        for worker in workers:
            master.bury(worker, 0.1)


def test_who_lived_for_a_minute_did_not_die_young() -> None:
    assert Master().pauses(3, lifetime=HEALTHY) == [0, 0, 0]


def test_a_minute_without_such_a_death_ends_the_pauses() -> None:
    master = Master()
    master.pauses(3, lifetime=0.1)
    master.now += HEALTHY
    assert master.boot().pause == 0


def test_a_worker_that_was_told_to_end_did_not_die_young() -> None:
    master = Master()
    worker = master.boot()
    worker.alive = False
    master.backoff.worker_exit(master, worker)
    master.bury(worker, 0.1)
    assert master.boot().pause == 0


class PausingWorker(FakeWorker):
    """A worker that looks, with each heartbeat, at what SIGTERM would do."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: list[object] = []

    def notify(self) -> None:
        self.handlers.append(signal.getsignal(signal.SIGTERM))


@pytest.fixture
def _own_handlers() -> Iterator[None]:
    """Give the tests their handlers back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("_own_handlers")
def test_a_pause_keeps_the_heartbeat_and_a_signal_ends_it_at_once() -> None:
    master, worker = Master(), PausingWorker()
    master.pauses(3, lifetime=0.1)
    master.backoff.pre_fork(master, worker)
    before = signal.getsignal(signal.SIGTERM)
    start = master.now
    master.backoff.post_fork(master, worker)
    assert master.now - start == worker.pause == 4
    assert len(worker.handlers) == 4
    assert before not in worker.handlers
    assert not worker.ends_well[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_worker_that_is_told_to_end_before_it_has_handlers_does_so_and_did_not_die_young(number: int) -> None:
    master = Master()
    worker = master.boot()
    pid = os.fork()
    if not pid:  # it has this process's handlers, as a worker has the master's
        try:
            master.backoff.post_fork(master, worker)
            os.kill(os.getpid(), number)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    master.bury(worker, 0.1)
    assert master.boot().pause == 0
