"""Times as the logs have them: ISO 8601 in UTC with microseconds. The first ten characters are the day of the file."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def timestamp(moment: datetime) -> str:
    """Return a time, of any zone."""
    return timestamp_of(moment.timestamp())


def timestamp_of(seconds: float) -> str:
    """Return a time in seconds since the epoch, to the nearest microsecond."""
    second, microseconds = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_format_second(second)}.{microseconds:06}Z"


@lru_cache(maxsize=4)
def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]
