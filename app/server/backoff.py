"""A growing pause before the boot of a worker whose predecessors died young; the other workers go on meanwhile."""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import Any

MAX_PAUSE = 30.0  # seconds
HEALTHY = 60.0  # seconds: who lived so long did not die young; so long without such a death ends the pauses
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class Backoff:
    """The pause before the next boot: 1 s, then twice the last one. Public methods are gunicorn's hooks of these names.

    A pause is spent in the new process, so that the master goes on looking after the others. At SIGHUP gunicorn reads
    its configuration again, which makes a new object: the old workers end at once, so the new ones must not wait.

    Args:
        clock: returns seconds.
        sleep: waits for so many of them.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._pause = self._last_death = 0.0

    def pre_fork(self, _: object, worker: Any) -> None:
        """Give a worker its pause, and a byte that it shares with the master: whether it ends as it should."""
        now = self._clock()
        if now - self._last_death >= HEALTHY:
            self._pause = 0.0
        worker.pause = self._pause
        worker.boots_at = now + self._pause
        worker.ends_well = mmap.mmap(-1, 1)

    def post_fork(self, _: object, worker: Any) -> None:
        """Pause, in the worker's process. Until it sets its own handlers, a signal to end has its effect at once."""

        def end(*_: object) -> None:
            worker.ends_well[0] = True
            os._exit(0)

        for number in _ENDING:
            signal.signal(number, end)  # the master's handler would only note it, for the master
        if not worker.pause:
            return
        worker.log.warning(
            "A worker died soon after its boot. This one, which takes its place, starts in %d s.", worker.pause
        )
        worker.ends_well[0] = True
        while (left := worker.boots_at - self._clock()) > 0 and os.getppid() == worker.ppid:
            worker.notify()
            self._sleep(min(left, 1))
        worker.ends_well[0] = False

    def worker_exit(self, _: object, worker: Any) -> None:
        """Note, in the worker's process, that it ends because it was told to."""
        worker.ends_well[0] = not worker.alive

    def child_exit(self, _: object, worker: Any) -> None:
        """Choose the next pause, after the end of a worker."""
        now = self._clock()
        if not worker.ends_well[0] and now - worker.boots_at < HEALTHY:
            self._last_death = now
            self._pause = max(self._pause, min(max(1.0, 2 * worker.pause), MAX_PAUSE))
        worker.ends_well.close()
