"""What is counted of a request: one call, under one lock, before its reply leaves.

It must cost little: the usual request is one record in the slot's ring (layout.py), anything else is counted in place.
Nothing here waits for anything but another thread's count.
"""

from __future__ import annotations

import ctypes
import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from app.metrics import layout
from app.metrics.deciles import Deciles
from app.metrics.layout import BANK_SIZE, BINS, COUNTED, MAX_INPUTS, MAX_RECORDS, RECORD, RING, STATE, WRITTEN
from app.metrics.ring import edges_in, fold
from app.metrics.slots import Slot, SlotMap
from app.results import Attempt
from registry import SHADOW

OTHER = "other"
_FEW = 8  # rows up to which Python is faster than numpy
# A key of the table of versions is a version times 8 and the place of its role here; 0 is a free place.
ROLES = (OTHER, "champion", "canary", "fallback", "shadow", "pinned")
_APPENDED_BYTES = layout.EVENT["appended_bytes"]
_STATUS = {status: place for place, status in enumerate(layout.STATUSES)}
# Of columns: where they are counted, their upper edges, and the value that is missing and in none.
_Bins = Sequence[tuple[int, Sequence[float], float | None]]
# Where rows are counted, the bins of the predictions and of the inputs; a record's columns, -1 if they have no room.
_Entry = tuple[int, _Bins, _Bins, int]
_pack, _SIZE = RECORD.pack_into, RECORD.size
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
        self._doubles = np.ctypeslib.as_array(self._slot)  # the same for numpy
        starts = (0, BANK_SIZE * 8)  # so that a place in a bank is the same number in both
        self._banks = [(ctypes.c_double * COUNTED).from_buffer(self._slot, start) for start in starts]
        fold(self._doubles)  # what the one before left, by its edges
        self._slot[layout.PID], self._slot[layout.BREAKER_OPEN] = os.getpid(), 0
        self._lock = threading.Lock()
        self._entries: dict[tuple[int, str], _Entry] = {}  # of versions in a role
        self._input_places: dict[str, int] = {}
        self._versions_with_edges: list[int] = []  # in the slot
        self.set_routes(())
        self.inputs: Sequence[str] = ()
        self.deciles: dict[int, Sequence[Deciles]] = {}

    def set_routes(self, routes: Collection[str]) -> None:
        """Name the routes, in an order that is the same in all workers. What has no place is counted as other."""
        self.routes = (OTHER, *list(dict.fromkeys(routes))[: layout.MAX_ROUTES - 1])
        self._route_places = {
            route: layout.ROUTES + place * layout.ROUTE_SIZE for place, route in enumerate(self.routes)
        }

    def set_version(self, number: int, inputs: Sequence[str], deciles: Sequence[Deciles]) -> None:
        """Name the inputs, which all versions share, and the deciles of a version: of its predictions, and by input.

        Args:
            deciles: empty if it has no reference; then its rows are not counted by decile.
        """
        with self._lock:
            self.inputs = inputs[: layout.MAX_COLUMNS - 1]
            self._input_places = {name: 1 + place for place, name in enumerate(self.inputs)}
            self.deciles[number] = deciles
            self._entries.clear()
            fold(self._doubles)  # then no record needs the edges that are there
            others = [version for version in self._versions_with_edges if version != number]
            self._versions_with_edges = [*others, number][-layout.MAX_EDGES :]
            for place, version in enumerate(self._versions_with_edges):
                for column, bins in enumerate(self.deciles[version][: 1 + MAX_INPUTS]):
                    edges_in(self._doubles)[place, column] = bins.edges

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
        place, status_place = self._route_places.get(route, layout.ROUTES), _STATUS.get(status, 0)
        append_seconds, size = appended or (0.0, 0)
        version, columns, prediction, inputs = 0, 0, 0.0, b""
        with self._lock:
            usual = not refused
            if attempts and appended:
                attempt = attempts[0]
                predictions, key = attempt.predictions, (attempt.version, attempt.role)
                version, _, _, columns = self._entries.get(key) or self._find_entry(*key)
                usual = usual and columns >= 0 and len(attempts) == len(predictions) == 1 and attempt.flags is None
                if usual:
                    prediction, inputs = predictions.item(), attempt.inputs.tobytes()
            if usual:
                slot = self._slot
                written = int(slot[WRITTEN])
                if not written % MAX_RECORDS:
                    fold(self._doubles)
                _pack(
                    slot,
                    RING * 8 + written % MAX_RECORDS * _SIZE,
                    seconds,
                    append_seconds,
                    size,
                    appended is not None,
                    place,
                    status_place,
                    version,
                    columns,
                    prediction,
                    inputs,
                )
                slot[WRITTEN] = written + 1
                return
            bank = self._bank()
            bank[place + status_place] += 1.0
            bank[place + layout.DURATIONS + bisect_left(layout.DURATION_BUCKETS, seconds)] += 1.0
            bank[place + layout.DURATION_SUM] += seconds
            for column in {self._input_places.get(name, 0) for name in refused}:
                bank[layout.COLUMNS + column * layout.COLUMN_SIZE + layout.REFUSED] += 1.0
            if appended:
                self._count_append(*appended, attempts)

    def record_append(self, seconds: float, size: int, attempts: Sequence[Attempt]) -> None:
        """Count rows that were logged before their request was over, or after it; ``size`` in bytes."""
        with self._lock:
            self._count_append(seconds, size, attempts)

    def count(self, event: str, by: float = 1) -> None:
        """Count an event of :data:`app.metrics.layout.EVENTS`."""
        with self._lock:
            self._bank()[layout.EVENT[event]] += by

    def set_breaker(self, is_open: bool) -> None:
        """Note whether this worker's circuit breaker is open, and count that it opened."""
        with self._lock:
            self._bank()[layout.EVENT["breaker_opened"]] += is_open and not self._slot[layout.BREAKER_OPEN]
            self._slot[layout.BREAKER_OPEN] = is_open

    def _bank(self) -> Slot:
        return self._banks[int(self._slot[STATE]) % 2]

    def _count_append(self, seconds: float, size: int, attempts: Sequence[Attempt]) -> None:
        bank = self._bank()
        bank[layout.APPENDS + bisect_left(layout.APPEND_BUCKETS, seconds)] += 1.0
        bank[layout.APPEND_SUM] += seconds
        bank[_APPENDED_BYTES] += size
        for attempt in attempts:
            version, role, predictions = attempt.version, attempt.role, attempt.predictions
            place, output_bins, input_bins, _ = self._entries.get((version, role)) or self._find_entry(version, role)
            is_first = attempt is attempts[0]  # who is asked next gets rows that were counted with the first
            if not is_first:
                input_bins = []
            bank[place + layout.ROWS] += len(predictions)
            if attempt.flags is not None:
                self._count_flags(place, attempt.flags, is_first)
            if len(predictions) > _FEW:
                columns = (predictions, *attempt.inputs.T)
                for (start, edges, missing), column in zip([*output_bins, *input_bins], columns, strict=False):
                    if missing is not None:
                        column = column[column != missing]
                    counts = np.bincount(np.searchsorted(edges, column), minlength=BINS)  # NaN is in the last bin
                    np.ctypeslib.as_array(bank)[start : start + BINS] += counts
                continue
            for row in zip(predictions.tolist(), *attempt.inputs.T.tolist(), strict=True):
                for (start, edges, missing), value in zip([*output_bins, *input_bins], row, strict=False):
                    if value != missing:
                        bank[start + (bisect_left(edges, value) if value == value else BINS - 1)] += 1.0

    def _count_flags(self, place: int, flags: Sequence[str], is_first: bool) -> None:
        """Count the flags of rows, as the log has them; those of inputs only if these rows were not counted before."""
        bank = self._bank()
        for text, count in Counter(flags).items():
            for word in text.split():
                if word == _IMPLAUSIBLE:
                    bank[place + layout.IMPLAUSIBLE] += count
                elif word.startswith(_INSTEAD):
                    bank[place + layout.FALLBACK] += count
                elif is_first and word.endswith(_OUTSIDE):  # else an interval
                    column = self._input_places.get(word.removesuffix(_OUTSIDE), 0)
                    bank[layout.COLUMNS + column * layout.COLUMN_SIZE + layout.OUTSIDE] += count

    def _find_entry(self, version: int, role: str) -> _Entry:
        """Return where a version in a role is counted: the place that it has, a free one, or at last that of others."""
        key, last = version * 8 + (ROLES.index(role) if role in ROLES else 0), layout.MAX_VERSIONS - 1
        places = range(layout.VERSIONS, layout.VERSIONS + last * layout.VERSION_SIZE, layout.VERSION_SIZE)
        free = (place for place in places if self._bank()[place + layout.KEY] in (0, key))
        place = next(free, layout.VERSIONS + last * layout.VERSION_SIZE)
        if place in places:
            self._bank()[place + layout.KEY] = key
        bins = [(deciles.edges, deciles.missing) for deciles in self.deciles.get(version, ())]
        starts = (
            layout.COLUMNS + column * layout.COLUMN_SIZE + layout.VALUES for column in self._input_places.values()
        )
        # The shadow's inputs were counted with the version that answered.
        input_bins = [(start, *of) for start, of in zip(starts, bins[1:], strict=False)] if role != SHADOW else []
        output_bins = [(place + layout.PREDICTED, *of) for of in bins[:1]]
        columns = 0 if not bins else -1
        if bins and version in self._versions_with_edges and len(input_bins) <= MAX_INPUTS:
            columns = self._versions_with_edges.index(version) * 64 + 1 + len(input_bins)
        self._entries[version, role] = entry = place, output_bins, input_bins, columns
        return entry
