"""The ground truth in a log folder, as it was told."""

from __future__ import annotations

from pathlib import Path

from journal import FEEDBACK, LogReader, Truth, daily_files


def truths_in(folder: Path) -> list[Truth]:
    """Return every truth in the order of time; torn lines are left out."""
    rows = [row for path in daily_files(folder, FEEDBACK) for row in LogReader(path)]
    truths = [Truth(**{**row, "row": int(row["row"]), "actual": float(row["actual"])}) for row in rows]  # type: ignore[arg-type]
    return sorted(truths, key=lambda truth: truth.time)
