"""Count what the log files hold: whole rows, torn ones, and rows without their counterpart in the other stream.

All rows of a request are in the files of one day, so only the request ids of one day are in memory.
"""

from __future__ import annotations

from collections import Counter
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
        predicted: Counter[str] = Counter()
        request_count = prediction_count = None
        # The requests first: a prediction that is written meanwhile is then no lost one.
        if day in requests:
            reader = LogReader(requests[day])
            answered.update(row["request_id"] for row in reader if is_predicted(row))
            request_count = FileCount(requests[day].name, reader.rows, reader.torn)
        if day in predictions:
            reader = LogReader(predictions[day])
            predicted.update(row["request_id"] for row in reader)
            unanswered = reader.rows - sum(predicted[request_id] for request_id in answered)
            prediction_count = FileCount(predictions[day].name, reader.rows, reader.torn, unanswered)
        lost = answered - predicted.keys()
        yield DayCount(request_count, prediction_count, len(lost), min(lost, default=""))
