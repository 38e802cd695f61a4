"""Trace an answer while others wait for theirs: in the logs of some days, and within bounds of bytes and rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.trace import ANSWERS, describe
from journal import FEEDBACK, Search
from registry import VersionStore

SEARCHED = 1 << 26  # bytes of each log, the newest first
MAX_REQUESTS, MAX_ROWS = 5, 100  # of an id, the newest; of a request, the first


@dataclass(frozen=True, slots=True)
class RecentTraces:
    """The traces that were found.

    Attributes:
        traces: oldest first, as :func:`audit.trace.trace` returns them.
        complete: whether they are all of these days, with all their rows.
    """

    traces: list[dict[str, Any]]
    complete: bool


def trace_recent(store: VersionStore, logs: Path, request_id: str, first: str, last: str, today: str) -> RecentTraces:
    """Return the newest requests with an id that arrived from the day ``first`` to ``last``, and what is known of them.

    Args:
        logs: the folder of the model's logs.
        today: up to when ground truth may have come.

    Raises:
        OSError: if a log file can't be read.
    """
    answers, later = Search(logs, first, last, SEARCHED), Search(logs, first, max(last, today), SEARCHED)
    requests = answers.newest("requests", request_id, MAX_REQUESTS)
    truths = later.newest(FEEDBACK, request_id, MAX_ROWS) if requests else []
    times = {request["time"] for request in requests}
    rows, explained = (answers.of_requests(stream, request_id, times, MAX_ROWS) for stream in ANSWERS)
    complete = not answers.left_out
    traces = []
    for request in requests:
        time = request["time"]
        traces.append(describe(store, request, rows[time], explained[time], truths, complete=complete))
    return RecentTraces(traces, not (answers.left_out or later.left_out))
