"""What is counted of a request: one call, under one lock, before its reply leaves.

It must cost little: a request of one row changes about a dozen doubles. Nothing here waits for anything but another
thread's count.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from app.metrics.deciles import Deciles
from app.metrics.layout import (
    APPEND_BUCKETS,
    APPEND_SUM,
    APPENDS,
    BINS,
    BREAKER_OPEN,
    COLUMN_SIZE,
    COLUMNS,
    DURATION_BUCKETS,
    DURATION_SUM,
    DURATIONS,
    EVENT,
    FALLBACK,
    IMPLAUSIBLE,
    KEY,
    MAX_COLUMNS,
    MAX_ROUTES,
    MAX_VERSIONS,
    OUTSIDE,
    PID,
    PREDICTED,
    REFUSED,
    ROUTE_SIZE,
    ROUTES,
    ROWS,
    STATUSES,
    VALUES,
    VERSION_SIZE,
    VERSIONS,
)
from app.metrics.slots import Slot, SlotMap
from app.results import Attempt
from registry import SHADOW

OTHER = "other"
_FEW = 8  # rows up to which Python is faster than numpy
# A key of the table of versions is a version times 8 and the place of its role here; 0 is a free place.
ROLES = (OTHER, "champion", "canary", "fallback", "shadow", "pinned")
_APPENDED_BYTES = EVENT["appended_bytes"]
_STATUS = {status: place for place, status in enumerate(STATUSES)}
_Bins = Sequence[tuple[int, Sequence[float]]]  # of columns: where they are counted, and their upper edges
_Entry = tuple[int, _Bins, _Bins]  # where rows are counted, and the bins of the predictions and of the inputs
_OUTSIDE, _IMPLAUSIBLE, _INSTEAD = ":outside_training", "output:implausible", "instead_of:"  # words of the log's flags


class Recorder:
    """Counts what one worker does, in its slot. May be called from any thread.

    Args:
        slot: of this worker, which goes on from what is in it; by default one that nobody reads.

    Attributes:
        routes: the labels of the routes; the first is ``other``.
        inputs: the model's, in order; empty until a version was loaded.
        deciles: of the predictions of a version for its reference, then of each input there, by version.
    """

    def __init__(self, slot: Slot | None = None) -> None:
        self._slot = SlotMap(1).slot(1) if slot is None else slot
        self._doubles = np.ctypeslib.as_array(self._slot)  # the same, for counts of many rows
        self._slot[PID], self._slot[BREAKER_OPEN] = os.getpid(), 0
        self._lock = threading.Lock()
        self._entries: dict[tuple[int, str], _Entry] = {}  # of versions in a role
        self._input_places: dict[str, int] = {}
        self.set_routes(())
        self.inputs: Sequence[str] = ()
        self.deciles: dict[int, Sequence[Deciles]] = {}

    def set_routes(self, routes: Collection[str]) -> None:
        """Name the routes, in an order that is the same in all workers. What has no place is counted as other."""
        self.routes = (OTHER, *list(dict.fromkeys(routes))[: MAX_ROUTES - 1])
        self._route_places = {route: ROUTES + place * ROUTE_SIZE for place, route in enumerate(self.routes)}

    def set_version(self, number: int, inputs: Sequence[str], deciles: Sequence[Deciles]) -> None:
        """Name the inputs, which all versions share, and the deciles of a version: of its predictions, and by input.

        Args:
            deciles: empty if it has no reference; then its rows are not counted by decile.
        """
        with self._lock:
            self.inputs = inputs[: MAX_COLUMNS - 1]
            self._input_places = {name: 1 + place for place, name in enumerate(self.inputs)}
            self.deciles[number] = deciles
            self._entries.clear()

    def record(
        self,
        route: str,
        status: int,
        seconds: float,
        refused: Collection[str],
        attempts: Sequence[Attempt],
        appended: tuple[float, int] | None,
    ) -> None:
        """Count a request.

        Args:
            route: as it was named to :meth:`set_routes`; anything else is other.
            seconds: from its arrival until now.
            refused: the names of the inputs that it was refused for.
            attempts: that were logged with it.
            appended: how many seconds that took, and how many bytes it was; None if nothing was logged.
        """
        slot, place = self._slot, self._route_places.get(route, ROUTES)
        with self._lock:
            slot[place + _STATUS.get(status, 0)] += 1.0
            slot[place + DURATIONS + bisect_left(DURATION_BUCKETS, seconds)] += 1.0
            slot[place + DURATION_SUM] += seconds
            if refused:
                for column in {self._input_places.get(name, 0) for name in refused}:
                    slot[COLUMNS + column * COLUMN_SIZE + REFUSED] += 1.0
            if appended:
                self._count_append(*appended, attempts)

    def record_append(self, seconds: float, size: int, attempts: Sequence[Attempt]) -> None:
        """Count rows that were logged before their request was over, or after it; ``size`` in bytes."""
        with self._lock:
            self._count_append(seconds, size, attempts)

    def count(self, event: str, by: float = 1) -> None:
        """Count an event of :data:`app.metrics.layout.EVENTS`."""
        with self._lock:
            self._slot[EVENT[event]] += by

    def set_breaker(self, is_open: bool) -> None:
        """Note whether this worker's circuit breaker is open, and count that it opened."""
        with self._lock:
            self._slot[EVENT["breaker_opened"]] += is_open and not self._slot[BREAKER_OPEN]
            self._slot[BREAKER_OPEN] = is_open

    def _count_append(self, seconds: float, size: int, attempts: Sequence[Attempt]) -> None:
        slot = self._slot
        slot[APPENDS + bisect_left(APPEND_BUCKETS, seconds)] += 1.0
        slot[APPEND_SUM] += seconds
        slot[_APPENDED_BYTES] += size
        for attempt in attempts:
            version, role, predictions = attempt.version, attempt.role, attempt.predictions
            place, output_bins, input_bins = self._entries.get((version, role)) or self._find_entry(version, role)
            is_first = attempt is attempts[0]  # who is asked next gets rows that were counted with the first
            if not is_first:
                input_bins = []
            slot[place + ROWS] += len(predictions)
            if attempt.flags is not None:
                self._count_flags(place, attempt.flags, is_first)
            if len(predictions) > _FEW:
                columns = (predictions, *attempt.inputs.T)
                for (start, edges), column in zip([*output_bins, *input_bins], columns, strict=False):
                    counts = np.bincount(np.searchsorted(edges, column), minlength=BINS)  # NaN is in the last bin
                    self._doubles[start : start + BINS] += counts
                continue
            for start, edges in output_bins:
                for value in predictions.tolist():
                    slot[start + (bisect_left(edges, value) if value == value else BINS - 1)] += 1.0
            if input_bins:
                for row in attempt.inputs.tolist():
                    for (start, edges), value in zip(input_bins, row):  # noqa: B905 - costs three counts
                        slot[start + bisect_left(edges, value)] += 1.0

    def _count_flags(self, place: int, flags: Sequence[str], is_first: bool) -> None:
        """Count the flags of rows, as the log has them; those of inputs only if these rows were not counted before."""
        slot = self._slot
        for text, count in Counter(flags).items():
            for word in text.split():
                if word == _IMPLAUSIBLE:
                    slot[place + IMPLAUSIBLE] += count
                elif word.startswith(_INSTEAD):
                    slot[place + FALLBACK] += count
                elif is_first:
                    column = self._input_places.get(word.removesuffix(_OUTSIDE), 0)
                    slot[COLUMNS + column * COLUMN_SIZE + OUTSIDE] += count

    def _find_entry(self, version: int, role: str) -> _Entry:
        """Return where a version in a role is counted: the place that it has, a free one, or at last that of others."""
        key, last = version * 8 + (ROLES.index(role) if role in ROLES else 0), MAX_VERSIONS - 1
        places = range(VERSIONS, VERSIONS + last * VERSION_SIZE, VERSION_SIZE)
        free = (place for place in places if self._slot[place + KEY] in (0, key))
        place = next(free, VERSIONS + last * VERSION_SIZE)
        if place in places:
            self._slot[place + KEY] = key
        edges = [deciles.edges for deciles in self.deciles.get(version, ())]
        starts = (COLUMNS + column * COLUMN_SIZE + VALUES for column in self._input_places.values())
        # The shadow's inputs were counted with the version that answered.
        input_bins = list(zip(starts, edges[1:], strict=False)) if role != SHADOW else []
        self._entries[version, role] = entry = place, [(place + PREDICTED, edge) for edge in edges[:1]], input_bins
        return entry
