"""The end of a stream: its newest rows, read without what stands before them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filesystem import only_plain
from journal.log_folder import file_name
from journal.outcomes import is_feedback
from journal.reader import ANY_SIZE, row_of
from journal.timestamps import timestamp

_HEADER = 1 << 16  # bytes that a header may have
_SIZE, _MOST = 1 << 15, 1 << 22  # bytes of a log that show what happened lately: some hundred rows; see read_tail()


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest rows of a stream.

    Attributes:
        rows: oldest first, with their text restored.
        whole: whether these are all rows of the days; else there may be some before them.
    """

    rows: Sequence[dict[str, str]]
    whole: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest rows of the logs, whichever process wrote them.

    Attributes:
        requests: those for predictions, oldest first.
        since: the time of the oldest row that was read; empty if these are all requests of yesterday and today.
        predictions: oldest first.
    """

    requests: Sequence[Mapping[str, str]]
    since: str
    predictions: Sequence[Mapping[str, str]]


def read_recent(folder: Path, now: datetime) -> Recent:
    """Return the newest rows of yesterday and today, some hundred of each log; ``now`` is in UTC.

    Raises:
        OSError: if a file can't be read.
    """
    days = [timestamp(time)[:10] for time in (now, now - timedelta(days=1))]
    requests, predictions = (read_tail(folder, stream, days, _SIZE, _MOST) for stream in ("requests", "predictions"))
    since = "" if requests.whole else requests.rows[0]["time"] if requests.rows else timestamp(now)
    return Recent([row for row in requests.rows if not is_feedback(row)], since, predictions.rows)


def read_tail(folder: Path, stream: str, days: Sequence[str], size: int, most: int) -> Tail:
    """Return the last rows of a stream; torn rows are left out, and so are rows that came late.

    Args:
        days: the days to look in, the newest first; those before it only if its file is shorter than ``size``.
        size: bytes to read.
        most: bytes to read if not one whole row is in the first ones.

    Raises:
        OSError: if a file can't be read. A file that does not exist has no row.
    """
    csv.field_size_limit(ANY_SIZE)
    rows: list[dict[str, str]] = []
    for day in days:
        path = folder / file_name(stream, day, day)
        try:
            file = open(path, "rb", buffering=0, opener=only_plain)  # noqa: SIM115 - closed by the block below
        except FileNotFoundError:
            continue
        with file:
            end = os.fstat(file.fileno()).st_size
            header = os.pread(file.fileno(), _HEADER, 0).partition(b"\n")[0]
            asked, start = size, 0
            lines: list[bytes] = []
            while not lines and (start := max(0, end - asked)) < end:
                block = os.pread(file.fileno(), end - start, start)
                lines = block.split(b"\n")[1:-1]  # the first is the header, or the end of a row that began before
                asked *= 4
                if start == 0 or asked > most:
                    break
        columns = header.decode("utf-8", "surrogateescape").split(",")
        rows = [row for line in lines if (row := row_of(columns, line)) is not None] + rows
        if start:
            return Tail(rows, whole=False)
        size -= end
        if size <= 0:
            return Tail(rows, whole=day == days[-1])
    return Tail(rows, whole=True)
