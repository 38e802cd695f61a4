"""Count what the log files hold: whole rows, torn ones, and rows without their counterpart in another stream.

All rows of a request are in the files of one day, so only the request ids of one day are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from journal import EXPLANATIONS, FEEDBACK, LogReader, daily_files, day_of, is_explained, is_feedback, is_predicted

Readers = Sequence[LogReader]


@dataclass(frozen=True, slots=True)
class FileCount:
    """The rows of one file.

    Attributes:
        torn: how many lines are not whole rows.
        unanswered: how many rows of predictions or explanations belong to no answered request of that day.
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
        lost_explanations: how many requests were answered with explanations, and have no row of them.
    """

    requests: Sequence[FileCount]
    predictions: Sequence[FileCount]
    explanations: Sequence[FileCount]
    feedback: Sequence[FileCount]
    lost: int
    first_lost: str
    lost_truths: int
    lost_explanations: int

    @property
    def files(self) -> Sequence[FileCount]:
        """The files of all streams."""
        return (*self.requests, *self.predictions, *self.explanations, *self.feedback)

    @property
    def torn(self) -> int:
        """The torn lines of all files."""
        return sum(file.torn for file in self.files)


def count_rows(logs: Path) -> Iterator[DayCount]:
    """Yield the counts of each day in a model's log folder, oldest first.

    Raises:
        OSError: if a file can't be read.
    """
    paths = {stream: daily_files(logs, stream) for stream in ("requests", "predictions", EXPLANATIONS, FEEDBACK)}
    for day in sorted({day_of(path) for files in paths.values() for path in files}):
        readers = [[LogReader(path) for path in files if day_of(path) == day] for files in paths.values()]
        yield _count_day(*readers)


def _count_day(requests: Readers, predictions: Readers, explanations: Readers, feedback: Readers) -> DayCount:
    """Count the rows of a day's files."""
    answered: set[str] = set()
    unexplained: set[str] = set()
    told: set[str] = set()  # when: the rows of a request with ground truth have its time
    request_counts, feedback_counts = [], []
    # The requests first: a prediction that is written meanwhile is then no lost one.
    for reader in requests:
        for row in reader:
            if is_predicted(row):
                answered.add(row["request_id"])
            elif row["status"] == "200" and is_feedback(row):
                told.add(row["time"])
        request_counts.append(FileCount(reader.path.name, reader.rows, reader.torn))
    lost = set(answered)
    prediction_counts = [_count_answers(reader, answered, lost, unexplained) for reader in predictions]
    explanation_counts = [_count_answers(reader, answered, unexplained) for reader in explanations]
    for reader in feedback:
        told.difference_update(row["time"] for row in reader)
        feedback_counts.append(FileCount(reader.path.name, reader.rows, reader.torn))
    counts = (request_counts, prediction_counts, explanation_counts, feedback_counts)
    return DayCount(*counts, len(lost), min(lost, default=""), len(told), len(unexplained))


def _count_answers(
    reader: LogReader, answered: Set[str], missing: set[str], explained: set[str] | None = None
) -> FileCount:
    """Count the rows of a file that belong to answered requests and to others; take their ids from the missing ones.

    Args:
        explained: gets the ids of those that were answered with explanations.
    """
    unanswered = 0
    for row in reader:
        missing.discard(row["request_id"])
        if row["request_id"] not in answered:
            unanswered += 1
        elif explained is not None and is_explained(row):
            explained.add(row["request_id"])
    return FileCount(reader.path.name, reader.rows, reader.torn, unanswered)
