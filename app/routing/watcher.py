"""Follows files: a thread looks at them now and then, and at once when a request finds them changed.

A request that begins after a change waits until it is taken over, which is mostly done in milliseconds: its answer is
not of a moment before it. For a change that takes longer than a second, nobody waits any more. Knows no version.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

# How often the thread looks, how long a fault is left alone, and how long a request waits for a change, in seconds.
LOOK, RETRY, PATIENCE = 0.2, 1.0, 1.0
_State = tuple[int, int, int]


class FileWatcher:
    """Has changes of files taken over.

    Args:
        files: the first is the one that requests look at; it is only ever replaced by a rename.
        take_over: reads them. Returns whether that went well; if not, it is called again after a while. Kept weakly:
            the thread ends with the object whose method it is.
        clock: seconds that only go forward.
    """

    def __init__(self, files: Sequence[Path], take_over: Callable[[], bool], clock: Callable[[], float]) -> None:
        self._files = [os.fspath(file) for file in files]
        self._first = self._files[0]
        self._take_over = weakref.WeakMethod(take_over)
        self._clock = clock
        self._lock = threading.Lock()  # held by who takes over
        self._taken = threading.Condition()
        self._seen: list[_State] = []  # the files when they were taken over last
        self._current: _State | None = None  # the first of them
        self._late: _State | None = None  # it, when a change took too long to be waited for
        self._again: float | None = None  # when to try again what did not go well
        self._wake = threading.Event()
        self._closed = False

    def look(self) -> None:
        """Have the files taken over, if they changed since the last time, or did not go well then."""
        if not self._is_due(self._states()):
            return
        with self._lock:
            seen = self._states()
            if not self._is_due(seen):
                return
            take_over = self._take_over()
            if take_over is None:
                return
            # First, so that a fault that is none of the files' is not met at every look.
            again = self._again = self._clock() + RETRY
            if take_over() and self._again == again:
                self._again = None
            self._seen = seen
        with self._taken:
            self._current = seen[0]
            self._taken.notify_all()

    def look_again(self) -> None:
        """Have the files taken over once more after a while, also if they don't change."""
        self._again = self._clock() + RETRY

    def be_current(self) -> None:
        """Wait until the change of the first file is taken over, if there is one; but not for long."""
        state = _state(self._first)
        if state in (self._current, self._late):
            return
        with self._taken:
            if not self._taken.wait_for(self._is_current, PATIENCE):
                self._late = state

    def follow(self) -> None:
        """Begin to look, in a thread, until :meth:`close`."""
        threading.Thread(target=_run, args=(weakref.ref(self), self._wake), name="aliases", daemon=True).start()

    def close(self) -> None:
        """Look no longer."""
        self._closed = True
        self._wake.set()

    @property
    def is_over(self) -> bool:
        """Whether nobody is there any more who would take something over."""
        return self._closed or self._take_over() is None

    def _is_current(self) -> bool:
        if self._closed or _state(self._first) == self._current:
            return True
        self._wake.set()
        return False

    def _is_due(self, states: list[_State]) -> bool:
        return states != self._seen or (self._again is not None and self._clock() >= self._again)

    def _states(self) -> list[_State]:
        return [_state(file) for file in self._files]


def _state(path: str) -> _State:
    try:
        status = os.stat(path)  # noqa: PTH116 - for every request
    except OSError as error:
        return (error.errno or 0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _run(reference: weakref.ref[FileWatcher], wake: threading.Event) -> None:
    while True:
        wake.wait(LOOK)
        wake.clear()
        follower = reference()
        if follower is None or follower.is_over:
            return
        try:
            follower.look()
        except Exception:  # the next look may find it mended
            logger.exception("the aliases could not be followed")
        del follower
