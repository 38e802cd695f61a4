"""The journal: the CSV logs of requests and predictions. Row shapes, durable append, reading back.

Ground floor: it knows neither Flask nor models. ``python -m journal`` checks what is on disk.
"""

from journal.files import JournalError
from journal.reader import Reading, days, find
from journal.rows import (
    REQUEST_COLUMNS,
    encode_predictions,
    encode_request,
    is_predicted,
    prediction_columns,
    timestamp,
    unpredicted,
)
from journal.writer import Durability, Journal

__all__ = [
    "REQUEST_COLUMNS",
    "Durability",
    "Journal",
    "JournalError",
    "Reading",
    "days",
    "encode_predictions",
    "encode_request",
    "find",
    "is_predicted",
    "prediction_columns",
    "timestamp",
    "unpredicted",
]
