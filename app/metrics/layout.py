"""The layout of a slot: which of its doubles counts what.

    PID, BREAKER_OPEN, WRITTEN, STATE | bank 0 | bank 1 | RING: 1024 records | EDGES of 8 versions

A bank is all counts. One of the two is current: what is rare is counted there in place. The usual request is a record
in the ring; the store of WRITTEN after it publishes it. When the ring is full, the current bank and the records are
added up in the other bank (ring.py), and one store of STATE commits: that bank is current, those records are folded. So
a worker may be killed at any moment, and each published record counts once. A reader that finds the same STATE before
and after has a copy that fits together. It needs a processor that keeps the order of stores, as x86 does; on others, a
scrape may see what was in a record's place before.

A slot has a fixed size, so labels are places in tables of fixed size: what a table has no place for is counted in its
place for others. A client's text is never a label.
"""

from __future__ import annotations

import math
import mmap
import struct

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

# The head of a slot: its process, 0 if it ended; whether its breaker is open; how many records were ever written; how
# many of them were folded, times 2, and which bank is current.
PID, BREAKER_OPEN, WRITTEN, STATE, HEAD = range(5)
# A bank: these are places in the slot if bank 0 is current; in bank 1, all is BANK_SIZE further on.
EVENT = {name: HEAD + place for place, name in enumerate(EVENTS)}
APPENDS = HEAD + len(EVENTS)  # how many in each bucket, more, and the sum of their seconds
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
COUNTED = COLUMNS + MAX_COLUMNS * COLUMN_SIZE  # the size of the head and a bank
BANK_SIZE = COUNTED - HEAD

# The ring. Rows with more inputs than fit in a record, and of versions before the last ones, are counted in place.
MAX_RECORDS, MAX_INPUTS, MAX_EDGES = 1024, 34, 8
RECORD = struct.Struct(f"3d5id{4 * MAX_INPUTS}s")  # its fields are in ring.py
RING = COUNTED + BANK_SIZE
EDGES = RING + MAX_RECORDS * RECORD.size // 8  # of the deciles, by version: of its predictions, then of each input
EDGES_SHAPE = MAX_EDGES, 1 + MAX_INPUTS, BINS - 1
EDGES_END = EDGES + math.prod(EDGES_SHAPE)
PAGE = mmap.PAGESIZE // 8
SLOT_SIZE = -(-EDGES_END // PAGE) * PAGE  # whole pages, so that two workers never write to the same one

# The master's doubles: its process, when it began, how many slots were ever used, seconds of CPU of the workers that
# ended, and the most seconds of CPU that were shown.
MASTER_PID, STARTED, USED, ENDED_CPU, SHOWN_CPU = range(5)
