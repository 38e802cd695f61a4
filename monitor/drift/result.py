"""The result of one test, and the words for verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["calm", "drift", "cannot_judge"]
MIN_REQUESTS = 30  # fewer say too little about how much requests differ
MIN_EQUAL_REQUESTS = 10  # of one size that would weigh as much: one large request among many small ones is no evidence


@dataclass(frozen=True, slots=True)
class Criteria:
    """What makes a change of a column drift, and what its verdict requires.

    Attributes:
        alpha: the chance of a false alarm in one report.
        effect: the shift that matters, in standard deviations.
        level: of one test of a column, for the power.
        lacking: why nothing about the rows of the window can be judged; "" if it can.
    """

    alpha: float
    effect: float
    level: float
    lacking: str


@dataclass(slots=True)
class Result:
    """The result of one test.

    Attributes:
        effect: how large the change is, in the test's own unit; positive if the window has more.
        threshold: how large it must be to matter.
        adjusted: the p-value after Holm's correction over all tests of the report.
    """

    statistic: float
    p: float
    effect: float
    threshold: float
    adjusted: float = 1.0

    def alarms(self, alpha: float) -> bool:
        """Return whether the change is more than chance, and large enough to matter."""
        return self.adjusted <= alpha and abs(self.effect) >= self.threshold
