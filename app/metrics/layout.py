"""The layout of a slot: which of its doubles counts what.

A slot is a fixed number of doubles, so labels are places in tables of fixed size: what a table has no place for is
counted in its place for others. A client's text is never a label.
"""

from __future__ import annotations

import mmap

# Upper bounds of the buckets, in seconds: of requests, and of appends to the log.
DURATION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
APPEND_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0)
# The statuses that the service sends; the first place is for others.
_SUCCESS, _REDIRECTION, _SERVER_ERROR = (200, 204, 206), (301, 302, 304, 308), (500, 501, 503)
_CLIENT_ERROR = (400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 416, 422, 429, 431)
STATUSES = (0, *_SUCCESS, *_REDIRECTION, *_CLIENT_ERROR, *_SERVER_ERROR)
# The first route, the first column and the last version in a role stand for all others.
MAX_ROUTES, MAX_COLUMNS, MAX_VERSIONS = 64, 64, 64
BINS = 12  # below the reference, its ten deciles, above it
BIN_NAMES = ("below", *map(str, range(1, 11)), "above")
EVENTS = (
    "append_failed",
    "appended_bytes",
    "feedback_rows",
    "breaker_opened",
    "canary_failed",
    "canary_withdrawn",
    "shadow_processed",
    "shadow_dropped",
    "shadow_failed",
)

# The first doubles of a worker's slot are not counts: its process, 0 if it ended, and whether its breaker is open.
PID, BREAKER_OPEN = 0, 1
EVENT = {name: 2 + place for place, name in enumerate(EVENTS)}
APPENDS = 2 + len(EVENTS)  # how many in each bucket, more, and the sum of their seconds
APPEND_SUM = APPENDS + len(APPEND_BUCKETS) + 1
ROUTES = APPEND_SUM + 1  # by route: requests by status, then how many in each bucket, more, and the sum of seconds
DURATIONS = len(STATUSES)
DURATION_SUM = DURATIONS + len(DURATION_BUCKETS) + 1
ROUTE_SIZE = DURATION_SUM + 1
VERSIONS = ROUTES + MAX_ROUTES * ROUTE_SIZE  # a table of (version, role): the key, then counts of rows
KEY, ROWS, IMPLAUSIBLE, FALLBACK, PREDICTED = range(5)  # the last is followed by the other bins
VERSION_SIZE = PREDICTED + BINS
COLUMNS = VERSIONS + MAX_VERSIONS * VERSION_SIZE  # by input: requests refused, rows outside training, rows by bin
REFUSED, OUTSIDE, VALUES = range(3)
COLUMN_SIZE = VALUES + BINS
_END = COLUMNS + MAX_COLUMNS * COLUMN_SIZE
PAGE = mmap.PAGESIZE // 8
SLOT_SIZE = -(-_END // PAGE) * PAGE  # doubles; a slot is whole pages, so that two workers never write to the same one

# The master's doubles: its process, when it began, how many slots were ever used, seconds of CPU of the workers that
# ended, and the most seconds of CPU that were shown.
MASTER_PID, STARTED, USED, ENDED_CPU, SHOWN_CPU = range(5)
