"""The window: the stretch of time that a report is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from monitor.errors import UsageError

_AGO = re.compile(r"([1-9][0-9]{0,4})([dhm])", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in UTC: ``since`` belongs to it, ``until`` does not."""

    since: datetime
    until: datetime

    @classmethod
    def ending(cls, now: datetime, since: str) -> Self:
        """Return the window that ends now, in UTC, and begins as :func:`parse_since` reads it."""
        return cls(parse_since(since, now), now)

    def days(self) -> list[str]:
        """Return the days that lie in the window, wholly or in part, as ISO dates, oldest first."""
        last = (self.until - timedelta(microseconds=1)).date()
        count = (last - self.since.date()).days + 1
        return [(self.since.date() + index * _DAY).isoformat() for index in range(count)]

    def holds(self, day: str) -> bool:
        """Return whether the whole of a day lies in the window."""
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        return self.since <= start and start + _DAY <= self.until


def parse_since(text: str, now: datetime) -> datetime:
    """Return when a window begins, in UTC.

    Args:
        text: ``7d``: 00:00 of the day 7 days ago, so that the window has whole days and today; ``24h`` and ``30m``:
            so long ago, exactly; or an ISO date or time, in UTC unless it says otherwise.
        now: in UTC.

    Raises:
        UsageError: if it is none of these, or not in the past.
    """
    if match := _AGO.fullmatch(text):
        number, unit = int(match[1]), match[2]
        if unit == "d":
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight - number * _DAY if number < midnight.toordinal() else datetime.min.replace(tzinfo=UTC)
        return now - timedelta(**{"hours" if unit == "h" else "minutes": number})
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text!r}: expected a time like 7d, 24h, 30m or 2026-11-20") from None
    since = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
    if since >= now:
        raise UsageError(f"--since {text}: expected a time in the past; it is {now:%Y-%m-%dT%H:%M} UTC")
    return since
