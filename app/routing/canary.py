"""A canary's trial: whether it fails more than the champion does, decided as soon as it can be.

A sequential probability ratio test (Wald, Sequential Analysis, 1947) on whose each failure is. If the canary fails no
more often than the champion, then a failure is the canary's with a chance of at most its share of the requests; if it
fails :data:`TIMES` as often, with a greater one. A canary may turn bad late, so such a test begins with each failure:
the n-th with the weight 1 / n (n + 1), and the weighted sum of all is what counts (Shiryaev's sum of likelihood ratios,
as an e-process). While the canary is no worse, it ever exceeds 1 / error with a probability of at most ``error``
(Ville's inequality), however long the trial is. That takes each failure as independent of those before: a client that
sends a row again and again which the champion can answer and the canary can't, condemns it soon.
"""

from __future__ import annotations

import threading

# The chance to withdraw a canary that is no worse than the champion, over a trial of any length, in all workers.
ERROR = 0.001
# How many times as often it has to fail for the trial to be made for it.
TIMES = 10.0


class CanaryAnalysis:
    """The trial of one canary in one worker.

    Args:
        share: of the requests, more than 0 and less than 1.
        workers: that hold a trial each, and share the error between them.
    """

    def __init__(self, share: float, workers: int) -> None:
        share = min(share, 0.999)  # with next to nobody to compare it with, a canary is condemned late or never
        worse = share * TIMES / (share * TIMES + 1 - share)
        self._of_canary = worse / share
        self._of_champion = (1 - worse) / (1 - share)
        self._limit = workers / ERROR
        self._lock = threading.Lock()
        self._evidence = 0.0
        self._asked = [0, 0]
        self._failed = [0, 0]

    def observe(self, *, of_canary: bool, failed: bool) -> str:
        """Take down one answer. Returns why the canary is to be withdrawn; empty while it is not."""
        with self._lock:
            self._asked[of_canary] += 1
            if not failed:
                return ""
            self._failed[of_canary] += 1
            count = sum(self._failed)
            self._evidence += 1 / (count * (count + 1))
            self._evidence *= self._of_canary if of_canary else self._of_champion
            if self._evidence < self._limit:
                return ""
            (champions, canaries), (asked, tried) = self._failed, self._asked
            return (
                f"it failed {canaries} of {tried} requests, the champion {champions} of {asked}; "
                f"the chance of this verdict on one that is no worse is under {ERROR:g}"
            )
