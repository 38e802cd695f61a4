"""What happened lately: requests a second, the last predictions, and how much was refused, from the end of the logs.

Read only when somebody looks, and once for all who look at the same time, so that predictions cost what they cost.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

from app.http.audit_log import AuditLog
from registry import CHAMPION

SHOWN = 60  # predictions
_MINUTE = 60.0  # seconds
_KEPT = 2.0  # seconds for which what was read is shown again
# What a refusal is called, by a part of its message. Nothing else of a message is shown: it may hold a client's values.
_FAULTS = (
    ("is not known", "not known"),
    ("missing", "missing"),
    ("outside the limits", "outside its limits"),
    ("appears twice", "given twice"),
    ("expected a number", "not a number"),
    ("expected a date", "not a date"),
    ("", "unusable"),
)
_STATUSES = {
    400: "unreadable",
    401: "without a valid token",
    403: "from another site",
    404: "to an unknown address",
    405: "with a wrong method",
    408: "too slow",
    413: "too large",
    415: "of another media type",
    422: "with unusable values",
    429: "too many at once",
}
_Rows = Sequence[Mapping[str, str]]
_PLACE = re.compile(r"(?:row [0-9]+: |line [0-9]+, column )?(.+?): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Lately:
    """What the newest rows of the logs say. A share is None if there is nothing to share.

    Attributes:
        requests: how many of the last minute are known, refused ones too; ground truth is none of them.
        seconds: how long the time is that they came in: a minute, or less if the rows that were read cover less.
        predictions: the last ones that the champion answered with, oldest first.
        rows: how many rows of the champion ``outside`` is of.
        outside: the share of them with an input outside the training range.
        recent: how many requests ``refused`` is of.
        refused: the share of them that was refused with a status of 4xx.
        reason: why most of them were: the name of an input or of a column of dates, or empty; and a few words.
        unreadable: whether the logs can't be read.
    """

    requests: int = 0
    seconds: float = _MINUTE
    predictions: tuple[float, ...] = ()
    rows: int = 0
    outside: float | None = None
    recent: int = 0
    refused: float | None = None
    reason: tuple[str, str] = ("", "")
    unreadable: bool = False


class LatelyReader:
    """Reads what happened lately, and shows it again for two seconds.

    Args:
        now: the time, in UTC.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        audit_log: AuditLog,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audit_log = audit_log
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._read: Lately | None = None
        self._until = 0.0

    def read(self, inputs: Sequence[str]) -> Lately:
        """Return what happened lately.

        Args:
            inputs: their names, and those of columns of dates.
        """
        with self._lock:  # the others wait for the one that reads, a few milliseconds
            if self._read is None or self._clock() >= self._until:
                self._read = self._read_anew(inputs)
                self._until = self._clock() + _KEPT
            return self._read

    def _read_anew(self, inputs: Sequence[str]) -> Lately:
        try:
            recent = self._audit_log.read_recent(now := self._now())
            return _summarise(recent.requests, recent.since, recent.predictions, now, inputs)
        except (OSError, KeyError, ValueError):  # or a row that no service wrote
            return Lately(unreadable=True)


def _summarise(requests: _Rows, read_since: str, predictions: _Rows, now: datetime, inputs: Sequence[str]) -> Lately:
    since = (now - timedelta(seconds=_MINUTE)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    seconds = _MINUTE
    if read_since > since:
        seconds = max((now - datetime.fromisoformat(read_since)).total_seconds(), 0.001)
    refused = [row for row in requests if row["status"].startswith("4")]
    reasons = Counter(_reason(row, inputs) for row in refused)
    rows = [row for row in predictions if row["role"] == CHAMPION]
    outside = sum("outside_training" in row["flags"] for row in rows)
    values = [float(row["prediction"]) for row in rows[-2 * SHOWN :] if "implausible" not in row["flags"]]
    return Lately(
        requests=sum(row["time"] > since for row in requests),
        seconds=seconds,
        predictions=tuple(value for value in values[-SHOWN:] if isfinite(value)),
        rows=len(rows),
        outside=outside / len(rows) if rows else None,
        recent=len(requests),
        refused=len(refused) / len(requests) if requests else None,
        reason=reasons.most_common(1)[0][0] if reasons else ("", ""),
    )


def _reason(row: Mapping[str, str], inputs: Sequence[str]) -> tuple[str, str]:
    """Return why a request was refused: the input that its message begins with, and what is wrong with it."""
    match = _PLACE.match(row["error"])
    if match and match[1] in inputs:
        return match[1], next(words for part, words in _FAULTS if part in match[2])
    status = int(row["status"]) if row["status"].isdecimal() else 0
    return "", _STATUSES.get(status, f"status {status}")
