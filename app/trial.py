"""A canary's trial: whether it fails more than the champion does, decided as soon as it can be.

Wald's sequential probability ratio test (Sequential Analysis, 1947), on whose each failure is. If the canary fails no
more often than the champion, then a failure is the canary's with a chance of at most its share of the requests; if it
fails :data:`TIMES` as often, with a greater one. The ratio of the two likelihoods ever exceeds 1 / error with a
probability of at most ``error`` while the canary is no worse (Ville's inequality), however long the trial is.
"""

from __future__ import annotations

import math
import threading

# The chance to withdraw a canary that is no worse than the champion, over a trial of any length, in all workers.
ERROR = 0.001
# How many times as often it has to fail for the trial to be made for it.
TIMES = 10.0


class Trial:
    """The trial of one canary in one worker.

    Args:
        share: of the requests, more than 0 and less than 1.
        workers: that hold a trial each, and share the error between them.
    """

    def __init__(self, share: float, workers: int) -> None:
        share = min(share, 0.999)  # with next to nobody to compare it with, a canary is condemned late or never
        worse = share * TIMES / (share * TIMES + 1 - share)
        self._of_canary = math.log(worse / share)
        self._of_champion = math.log((1 - worse) / (1 - share))
        self._limit = math.log(workers / ERROR)
        self._lock = threading.Lock()
        self._ratio = 0.0
        self._asked = [0, 0]
        self._failed = [0, 0]

    def observe(self, *, of_canary: bool, failed: bool) -> str:
        """Take down one answer. Returns why the canary is to be withdrawn; empty while it is not."""
        with self._lock:
            self._asked[of_canary] += 1
            if not failed:
                return ""
            self._failed[of_canary] += 1
            self._ratio += self._of_canary if of_canary else self._of_champion
            if self._ratio < self._limit:
                return ""
            (champions, canaries), (asked, tried) = self._failed, self._asked
            return (
                f"it failed {canaries} of {tried} requests, the champion {champions} of {asked}; "
                f"the chance of this verdict on one that is no worse is under {ERROR:g}"
            )
