"""A circuit breaker: stops asking a version that keeps failing, and tries it again after a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

FAILURE_THRESHOLD = 5  # failures in a row that open it
RESET_TIMEOUT = 5.0  # how long it stays open, in seconds


class CircuitBreaker:
    """Closed at first. Open, it lets one request through in each timeout, and closes if that one goes well.

    Args:
        clock: seconds that only go forward.
        on_change: is called after each failure, and when it closes.
    """

    def __init__(self, clock: Callable[[], float], on_change: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0  # when the next request may go through

    @property
    def is_open(self) -> bool:
        """Whether the version is not asked, but for a probe now and then."""
        return self._failures >= FAILURE_THRESHOLD

    def allow_request(self) -> bool:
        """Return whether to ask the version."""
        if self._failures < FAILURE_THRESHOLD:
            return True
        with self._lock:
            now = self._clock()
            if now < self._next_probe:
                return False
            self._next_probe = now + RESET_TIMEOUT
            return True

    def record(self, *, success: bool) -> None:
        """Record how a request went."""
        if success and not self._failures:
            return
        with self._lock:
            self._failures = 0 if success else self._failures + 1
            if self._failures == FAILURE_THRESHOLD:
                self._next_probe = self._clock() + RESET_TIMEOUT
            self._on_change()
