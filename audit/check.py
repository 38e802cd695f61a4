"""Count what the log files hold: whole rows, torn ones, and rows without their counterpart in the other stream.

All rows of a request are in the files of one day, so only the request ids of one day are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from journal import LogReader, daily_files, is_predicted


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
    """The files of one day; None for a file that is not there.

    Attributes:
        lost: how many answered requests have no prediction row.
        first_lost: the request id that sorts first among them; empty if there are none.
    """

    requests: FileCount | None
    predictions: FileCount | None
    lost: int
    first_lost: str

    @property
    def torn(self) -> int:
        """The torn lines of both files."""
        return sum(file.torn for file in (self.requests, self.predictions) if file)


def count_rows(logs: Path) -> Iterator[DayCount]:
    """Yield the counts of each day in a model's log folder, oldest first.

    Raises:
        OSError: if a file can't be read.
    """
    requests, predictions = (
        {path.stem[-10:]: path for path in daily_files(logs, stream)} for stream in ("requests", "predictions")
    )
    for day in sorted(requests.keys() | predictions.keys()):
        answered: set[str] = set()
        predicted: set[str] = set()
        # The requests first: a prediction that is written meanwhile is then no lost one.
        request_count = _count_requests(requests[day], answered) if day in requests else None
        prediction_count = _count_predictions(predictions[day], answered, predicted) if day in predictions else None
        lost = answered - predicted
        yield DayCount(request_count, prediction_count, len(lost), min(lost, default=""))


def _count_requests(path: Path, answered: set[str]) -> FileCount:
    """Count rows, and add the ids of the requests that got a prediction."""
    reader, rows = LogReader(path), 0
    for row in reader:
        rows += 1
        if is_predicted(row):
            answered.add(row["request_id"])
    return FileCount(path.name, rows, reader.torn)


def _count_predictions(path: Path, answered: set[str], predicted: set[str]) -> FileCount:
    """Count rows, and add the ids of their requests."""
    reader, rows, unanswered = LogReader(path), 0, 0
    for row in reader:
        rows += 1
        predicted.add(row["request_id"])
        unanswered += row["request_id"] not in answered
    return FileCount(path.name, rows, reader.torn, unanswered)
