"""The journal: the CSV logs of requests and predictions. Row shapes, durable append, reading back.

Ground floor: it knows neither Flask nor models. ``python -m journal`` checks what is on disk.
"""

from journal.encoding import (
    REQUEST_COLUMNS,
    encode_predictions,
    encode_request,
    is_predicted,
    partial_failure,
    prediction_columns,
    timestamp,
)
from journal.files import JournalError
from journal.reader import LogReader, daily_files, find
from journal.writer import Durability, Journal

__all__ = [
    "REQUEST_COLUMNS",
    "Durability",
    "Journal",
    "JournalError",
    "LogReader",
    "daily_files",
    "encode_predictions",
    "encode_request",
    "find",
    "is_predicted",
    "partial_failure",
    "prediction_columns",
    "timestamp",
]
