"""Times as the logs have them: ISO 8601 in UTC with microseconds. The first ten characters are the day of the file."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def timestamp(moment: datetime) -> str:
    """Return a time, of any zone."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def timestamp_of(seconds: float) -> str:
    """Return a time in seconds since the epoch, rounded as datetime.fromtimestamp rounds it."""
    second, part = divmod(seconds, 1)
    microseconds = round(part * 1_000_000)
    if microseconds == 1_000_000:
        second, microseconds = second + 1, 0
    return f"{_format_second(second)}.{microseconds:06}Z"


@lru_cache(maxsize=4)
def _format_second(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]
