"""The journal: the CSV logs of requests and predictions. Columns, durable append, reading back.

Knows no Flask and no model.
"""

from journal.daily_files import JournalError
from journal.encoding import (
    REQUEST_COLUMNS,
    PartialFailure,
    encode_predictions,
    encode_request,
    is_predicted,
    prediction_columns,
    timestamp,
)
from journal.reader import LogReader, daily_files, find
from journal.writer import Durability, Journal

__all__ = [
    "REQUEST_COLUMNS",
    "Durability",
    "Journal",
    "JournalError",
    "LogReader",
    "PartialFailure",
    "daily_files",
    "encode_predictions",
    "encode_request",
    "find",
    "is_predicted",
    "prediction_columns",
    "timestamp",
]
