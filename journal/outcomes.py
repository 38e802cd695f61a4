"""What a row of the request log says of its answer: whether it stands for a prediction, and which rows got none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_PARTIAL_FAILURE = re.compile(r"(0|[1-9][0-9]*) of (0|[1-9][0-9]*) rows have no prediction; (.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PartialFailure:
    """What the column ``error`` holds if a request was answered although some of its rows have no prediction.

    Attributes:
        failed: how many rows have no prediction.
        total: how many rows the request had.
        message: what is wrong with the first of them.
    """

    failed: int
    total: int
    message: str

    def __str__(self) -> str:
        """Return the text that the log holds: ``1 of 3 rows have no prediction; MESSAGE``."""
        return f"{self.failed} of {self.total} rows have no prediction; {self.message}"

    @classmethod
    def parse(cls, error: str) -> PartialFailure | None:
        """Return the partial failure that a column ``error`` holds; None if it holds something else."""
        match = _PARTIAL_FAILURE.fullmatch(error)
        return match and cls(int(match[1]), int(match[2]), match[3])


def is_predicted(request: Mapping[str, str]) -> bool:
    """Return whether a row of the request log stands for at least one prediction."""
    failure = PartialFailure.parse(request["error"])
    some = failure is None or failure.failed < failure.total
    return request["status"] == "200" and some and not is_feedback(request)


def is_feedback(request: Mapping[str, str]) -> bool:
    """Return whether a row of the request log brought ground truth: its path ends so, whatever a proxy put before."""
    return unquote(request.get("path", "").partition("?")[0]).endswith("/feedback")
