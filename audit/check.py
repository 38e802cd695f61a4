"""Count what the log files hold: whole rows, torn ones, and rows without their counterpart in the other stream.

All rows of a request are in the files of one day, so only the request ids of one day are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from journal import LogReader, daily_files, day_of, is_predicted


@dataclass(frozen=True, slots=True)
class FileCount:
    """The rows of one file.

    Attributes:
        torn: how many lines are not whole rows.
        unanswered: how many prediction rows belong to no answered request of that day.
    """

    file: str
    rows: int
    torn: int
    unanswered: int = 0

    def __str__(self) -> str:
        note = f", {self.unanswered} of requests that were not answered" if self.unanswered else ""
        return f"{self.file}: {self.rows} rows, {self.torn} torn{note}"


@dataclass(frozen=True, slots=True)
class DayCount:
    """The files of one day: one of a stream, or none, and those of late rows.

    Attributes:
        lost: how many answered requests have no prediction row.
        first_lost: the request id that sorts first among them; empty if there are none.
    """

    requests: Sequence[FileCount]
    predictions: Sequence[FileCount]
    lost: int
    first_lost: str

    @property
    def torn(self) -> int:
        """The torn lines of all files."""
        return sum(file.torn for file in (*self.requests, *self.predictions))


def count_rows(logs: Path) -> Iterator[DayCount]:
    """Yield the counts of each day in a model's log folder, oldest first.

    Raises:
        OSError: if a file can't be read.
    """
    paths = {stream: daily_files(logs, stream) for stream in ("requests", "predictions")}
    for day in sorted({day_of(path) for files in paths.values() for path in files}):
        answered: set[str] = set()
        predicted: set[str] = set()
        # The requests first: a prediction that is written meanwhile is then no lost one.
        requests, predictions = ([path for path in files if day_of(path) == day] for files in paths.values())
        request_counts, prediction_counts = [], []
        for reader in map(LogReader, requests):
            answered.update(row["request_id"] for row in reader if is_predicted(row))
            request_counts.append(FileCount(reader.path.name, reader.rows, reader.torn))
        for reader in map(LogReader, predictions):
            unanswered = 0
            for row in reader:
                predicted.add(row["request_id"])
                unanswered += row["request_id"] not in answered
            prediction_counts.append(FileCount(reader.path.name, reader.rows, reader.torn, unanswered))
        lost = answered - predicted
        yield DayCount(request_counts, prediction_counts, len(lost), min(lost, default=""))
