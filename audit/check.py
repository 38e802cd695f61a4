"""Count what the log files hold: whole rows, torn ones, and rows without their counterpart in another stream.

All rows of a request are in the files of one day, so only the request ids of one day are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from journal import FEEDBACK, LogReader, daily_files, day_of, is_feedback, is_predicted


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
        lost_truths: how many requests with ground truth were answered, and have no feedback row.
    """

    requests: Sequence[FileCount]
    predictions: Sequence[FileCount]
    feedback: Sequence[FileCount]
    lost: int
    first_lost: str
    lost_truths: int

    @property
    def files(self) -> Sequence[FileCount]:
        """The files of all streams."""
        return (*self.requests, *self.predictions, *self.feedback)

    @property
    def torn(self) -> int:
        """The torn lines of all files."""
        return sum(file.torn for file in self.files)


def count_rows(logs: Path) -> Iterator[DayCount]:
    """Yield the counts of each day in a model's log folder, oldest first.

    Raises:
        OSError: if a file can't be read.
    """
    paths = {stream: daily_files(logs, stream) for stream in ("requests", "predictions", FEEDBACK)}
    for day in sorted({day_of(path) for files in paths.values() for path in files}):
        answered: set[str] = set()
        predicted: set[str] = set()
        told: set[str] = set()  # when: the rows of a request with ground truth have its time
        # The requests first: a prediction that is written meanwhile is then no lost one.
        requests, predictions, feedback = ([path for path in files if day_of(path) == day] for files in paths.values())
        request_counts, prediction_counts, feedback_counts = [], [], []
        for reader in map(LogReader, requests):
            for row in reader:
                if is_predicted(row):
                    answered.add(row["request_id"])
                elif row["status"] == "200" and is_feedback(row):
                    told.add(row["time"])
            request_counts.append(FileCount(reader.path.name, reader.rows, reader.torn))
        for reader in map(LogReader, predictions):
            unanswered = 0
            for row in reader:
                predicted.add(row["request_id"])
                unanswered += row["request_id"] not in answered
            prediction_counts.append(FileCount(reader.path.name, reader.rows, reader.torn, unanswered))
        for reader in map(LogReader, feedback):
            told.difference_update(row["time"] for row in reader)
            feedback_counts.append(FileCount(reader.path.name, reader.rows, reader.torn))
        lost = answered - predicted
        first = min(lost, default="")
        yield DayCount(request_counts, prediction_counts, feedback_counts, len(lost), first, len(told))
