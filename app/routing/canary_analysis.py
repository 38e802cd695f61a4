"""The analysis of a canary: whether it fails more than the champion does, decided as soon as it can be.

A sequential probability ratio test (Wald, Sequential Analysis, 1947) on which of the two each failure belongs to. If
the canary fails no more often than the champion, a failure is the canary's with a chance of at most its share of the
requests; if it fails :data:`FAILURE_RATIO` times as often, with a greater one. A canary may turn bad late, so such a
test begins with each failure: the n-th with the weight 1 / n (n + 1), and the weighted sum of all is what counts
(Shiryaev's sum of likelihood ratios, as an e-process). While the canary is no worse, the sum ever exceeds 1 / error
with a probability of at most ``error`` (Ville's inequality), however long the analysis goes on.

The test takes each failure as independent of those before. A client that repeats a row which the champion can answer
and the canary can't will soon have the canary withdrawn.
"""

from __future__ import annotations

import threading

# The chance to withdraw a canary that is no worse than the champion, over an analysis of any length, in all workers.
FALSE_ALARM_RATE = 0.001
# How many times as often as the champion a canary fails in the alternative that is tested.
FAILURE_RATIO = 10.0


class CanaryAnalysis:
    """The analysis of one canary in one worker.

    Args:
        traffic_share: of the requests, more than 0 and at most 1.
        workers: that hold an analysis each, and share the false alarm rate between them.
    """

    def __init__(self, traffic_share: float, workers: int) -> None:
        share = min(traffic_share, 0.999)  # with next to nothing to compare it with, it is withdrawn late or never
        worse = share * FAILURE_RATIO / (share * FAILURE_RATIO + 1 - share)
        self._canary_factor = worse / share
        self._champion_factor = (1 - worse) / (1 - share)
        self._limit = workers / FALSE_ALARM_RATE
        self._lock = threading.Lock()
        self._evidence = 0.0
        self._requests = [0, 0]  # of the champion, of the canary
        self._failures = [0, 0]

    def record(self, *, of_canary: bool, failed: bool) -> str:
        """Record one answer. Return why the canary is to be withdrawn; empty while it is not."""
        with self._lock:
            self._requests[of_canary] += 1
            if not failed:
                return ""
            self._failures[of_canary] += 1
            count = sum(self._failures)
            self._evidence += 1 / (count * (count + 1))
            self._evidence *= self._canary_factor if of_canary else self._champion_factor
            if self._evidence < self._limit:
                return ""
            return (
                f"it failed {self._failures[1]} of {self._requests[1]} requests, the champion {self._failures[0]} of "
                f"{self._requests[0]}; the chance of this verdict on one that is no worse is under {FALSE_ALARM_RATE:g}"
            )
