"""What is in the logs of an application that a test made."""

from __future__ import annotations

from app.settings import Settings
from journal import LogReader, daily_files


def logged(settings: Settings, stream: str) -> list[dict[str, str]]:
    """All rows of a stream, oldest first."""
    return [row for path in daily_files(settings.logs / settings.model, stream) for row in LogReader(path)]
