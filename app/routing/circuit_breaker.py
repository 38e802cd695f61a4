"""A circuit breaker: stops asking a version that keeps failing, and tries it again after a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

# Failures in a row that open it, and how long it stays open, in seconds.
FAILURES, PAUSE = 5, 5.0


class CircuitBreaker:
    """Closed at first. Open, it lets one request through in each pause, and closes if that one goes well.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._probe = 0.0  # when the next request may go through

    @property
    def is_open(self) -> bool:
        """Whether the version is not asked, but for a probe now and then."""
        return self._failures >= FAILURES

    def allows(self) -> bool:
        """Whether to ask the version."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = self._clock()
            if now < self._probe:
                return False
            self._probe = now + PAUSE
            return True

    def note(self, failed: bool) -> None:
        """Take down how it went."""
        if not failed and not self._failures:
            return
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures == FAILURES:
                self._probe = self._clock() + PAUSE
