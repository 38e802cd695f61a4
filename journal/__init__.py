"""The journal: the CSV logs of requests and predictions. Columns, durable append, reading back.

Knows no Flask and no model.
"""

from journal.encoding import (
    REQUEST_COLUMNS,
    PartialFailure,
    encode_predictions,
    encode_request,
    is_predicted,
    prediction_columns,
    timestamp,
)
from journal.log_folder import JournalError, close_days, daily_files, day_of, last_day_of
from journal.reader import LogReader, find, whole_lines
from journal.writer import Durability, Journal

__all__ = [
    "REQUEST_COLUMNS",
    "Durability",
    "Journal",
    "JournalError",
    "LogReader",
    "PartialFailure",
    "close_days",
    "daily_files",
    "day_of",
    "encode_predictions",
    "encode_request",
    "find",
    "is_predicted",
    "last_day_of",
    "prediction_columns",
    "timestamp",
    "whole_lines",
]
