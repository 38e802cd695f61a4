"""Watches files: a thread looks at them now and then, and at once when a request finds them changed.

A request that begins ``interval`` seconds or more after a change waits until it is reloaded, which mostly takes
milliseconds, and is then answered by the new state. If a reload takes longer than a second, only the first requests
wait for it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

# In seconds: between two polls, from a failed reload to the next, and the longest that a request waits for a reload.
POLL_INTERVAL, RETRY_INTERVAL, TIMEOUT = 0.2, 1.0, 1.0
_Stat = tuple[int, int, int]


class FileWatcher:
    """Reloads files when they change.

    Args:
        files: the first is the one that requests look at; it is only ever replaced by a rename.
        reload: reads them. Returns whether that went well; if not, it is called again after a while.
        clock: seconds that only go forward.
        interval: how long requests believe what they saw of the first file, in seconds.
        timeout: how long a request waits for a reload, in seconds.
    """

    def __init__(
        self,
        files: Sequence[Path],
        reload: Callable[[], bool],
        clock: Callable[[], float],
        interval: float,
        timeout: float = TIMEOUT,
    ) -> None:
        self._files = [os.fspath(file) for file in files]
        self._reload = reload
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._lock = threading.Lock()  # of reloading
        self._reloaded = threading.Condition()
        self._seen: list[_Stat | None] = [None]  # the files when they were reloaded last
        self._late: _Stat | None = None  # the first of them, when a reload took too long to be waited for
        self._next_stat = 0.0
        self._retry_at: float | None = None
        self._wake = threading.Event()
        self._closed = False

    def poll(self) -> None:
        """Reload the files, if they changed since the last time, or a retry is due."""
        if not self._is_due(self._stat_all()):
            return
        with self._lock:
            stats = self._stat_all()
            if not self._is_due(stats):
                return
            # Set first: a fault that is not in the files is then not met at every poll.
            retry_at = self._retry_at = self._clock() + RETRY_INTERVAL
            if self._reload() and self._retry_at == retry_at:
                self._retry_at = None
            with self._reloaded:
                self._seen = stats
                self._reloaded.notify_all()

    def reload_soon(self) -> None:
        """Have the thread reload the files once more, also if they don't change."""
        self._retry_at = self._clock()
        self._wake.set()

    def wait_until_current(self) -> None:
        """Wait, but not for long, until a change of the first file that is at least ``interval`` old is reloaded."""
        now = self._clock()
        if now < self._next_stat:  # a stat for each request would cost more than all else that routes it
            return
        stat = _stat(self._files[0])
        if stat == self._seen[0] or stat == self._late:
            self._next_stat = now + self._interval
            return
        with self._reloaded:
            if not self._reloaded.wait_for(self._is_current, self._timeout):
                self._late = stat

    def start(self) -> None:
        """Poll the files in a thread, until :meth:`close`."""
        threading.Thread(target=self._run, name="aliases", daemon=True).start()

    def close(self) -> None:
        """Poll no longer."""
        self._closed = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(POLL_INTERVAL)
            self._wake.clear()
            if self._closed:
                return
            try:
                self.poll()
            except Exception:  # the next look may succeed
                logger.exception("the aliases could not be reloaded")

    def _is_current(self) -> bool:
        if self._closed or _stat(self._files[0]) == self._seen[0]:
            return True
        self._wake.set()
        return False

    def _is_due(self, stats: list[_Stat | None]) -> bool:
        return stats != self._seen or (self._retry_at is not None and self._clock() >= self._retry_at)

    def _stat_all(self) -> list[_Stat | None]:
        return [_stat(file) for file in self._files]


def _stat(path: str) -> _Stat:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time of Path.stat
    except OSError as error:
        return (error.errno or 0, 0, 0)
    return (status.st_ino, status.st_ctime_ns, status.st_size)  # who edits a file can set its mtime
