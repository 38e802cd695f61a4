"""The journal: the CSV logs of requests, predictions, explanations and ground truth.

Their columns, durable append, reading back. Knows no Flask and no model.
"""

from journal.encoding import REQUEST_COLUMNS, encode_predictions, encode_request, prediction_columns
from journal.explanations import EXPLANATIONS, encode_explanations, explanation_columns, is_explained
from journal.feedback import (
    FEEDBACK,
    FEEDBACK_COLUMNS,
    FEEDBACK_NUMBERS,
    Truth,
    TruthError,
    encode_feedback,
    parse_truth,
)
from journal.log_folder import JournalError, close_days, daily_files, day_of, last_day_of
from journal.outcomes import PartialFailure, is_feedback, is_predicted
from journal.reader import LogReader, find, whole_lines
from journal.search import Search
from journal.tail import Recent, Tail, read_recent, read_tail
from journal.timestamps import timestamp, timestamp_of
from journal.writer import Durability, Journal

__all__ = [
    "EXPLANATIONS",
    "FEEDBACK",
    "FEEDBACK_COLUMNS",
    "FEEDBACK_NUMBERS",
    "REQUEST_COLUMNS",
    "Durability",
    "Journal",
    "JournalError",
    "LogReader",
    "PartialFailure",
    "Recent",
    "Search",
    "Tail",
    "Truth",
    "TruthError",
    "close_days",
    "daily_files",
    "day_of",
    "encode_explanations",
    "encode_feedback",
    "encode_predictions",
    "encode_request",
    "explanation_columns",
    "find",
    "is_explained",
    "is_feedback",
    "is_predicted",
    "last_day_of",
    "parse_truth",
    "prediction_columns",
    "read_recent",
    "read_tail",
    "timestamp",
    "timestamp_of",
    "whole_lines",
]
