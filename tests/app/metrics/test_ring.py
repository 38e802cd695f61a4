"""The ring: what is written down there counts as what is counted in place, and once, whenever a worker is killed."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.metrics import layout
from app.metrics.deciles import Deciles
from app.metrics.layout import EVENT, HEAD, MAX_INPUTS, MAX_RECORDS, ROUTES, STATE, WRITTEN
from app.metrics.recorder import Recorder
from app.metrics.slots import SlotMap
from app.results import Attempt
from tests.app.metrics.test_slots import fork

ROOM = 3  # of edges, so that few versions are enough to have no room
REFERENCE = np.arange(300, dtype=np.float32).reshape(100, 3)
VALUE = st.floats(width=32) | st.sampled_from([0.0, 30.0, 299.0])  # NaN, infinite, and on an edge
SECONDS = st.integers(0, 4096).map(lambda units: units / 1024)  # their sums are exact in any order
ROW = st.tuples(VALUE, VALUE, VALUE)
REQUEST = st.tuples(
    st.sampled_from(["/predict", "/form", "/nowhere"]),
    st.sampled_from([200, 418, 422, 503]),
    SECONDS,
    st.sampled_from([(), (), ("rm",)]),
    st.none() | st.tuples(SECONDS, st.integers(0, 10**6)),
    st.none()
    | st.tuples(
        st.integers(1, 6),
        st.sampled_from(["champion", "canary", "shadow", "odd"]),
        st.lists(ROW, min_size=1, max_size=2),
    ),
)


def make_recorder(slots: SlotMap, room: int = layout.MAX_EDGES) -> Recorder:
    """Return a recorder of versions 1 to 5, of which the last has no deciles; others are not known at all."""
    recorder = Recorder(slots.slot(slots.take(())))
    recorder.set_routes(["/predict", "/form"])
    with patch.object(layout, "MAX_EDGES", room):
        for number in range(1, 6):
            deciles = [Deciles.of(column * number) for column in REFERENCE.T] if number < 5 else []
            recorder.set_version(number, ("rm", "tax"), deciles)
    return recorder


def make_attempt(rows: Any, version: int = 1, role: str = "champion") -> Attempt:
    values = np.array(rows, dtype=np.float32)
    return Attempt("model", version, role, values[:, 1:], values[:, 0], None, range(len(values)))


@settings(deadline=None)
@given(st.lists(REQUEST, max_size=30), st.integers(0, MAX_RECORDS))
def test_a_record_counts_as_what_is_counted_in_place(requests: list[Any], shift: int) -> None:
    ring, in_place = SlotMap(1), SlotMap(1)
    recorders = make_recorder(ring, ROOM), make_recorder(in_place, ROOM)
    for recorder in recorders:
        for _ in range(shift):
            recorder.record("/form", 200, 0.25, (), (), None)
    for route, status, seconds, refused, appended, row in requests:
        attempts = [make_attempt(row[2], *row[:2])] if row else []
        recorders[0].record(route, status, seconds, refused, attempts, appended)
        for attempt in attempts:  # with flags, though they are empty, no record has it
            attempt.flags = [""] * len(attempt.predictions)
        recorders[1].record(route, status, seconds, refused, attempts, appended)
    assert ring.read()[:, HEAD:].tolist() == in_place.read()[:, HEAD:].tolist()


def test_rows_of_more_inputs_than_a_record_has_room_for_are_counted_in_place() -> None:
    slots = SlotMap(1)
    recorder = Recorder(slots.slot(slots.take(())))
    for count in (MAX_INPUTS, MAX_INPUTS + 1):
        values = np.arange(count + 1, dtype=np.float32).reshape(1, -1)
        recorder.set_version(count, [str(column) for column in range(count)], [Deciles.of(values[0])] * (count + 1))
        recorder.record("/predict", 200, 0.1, (), [make_attempt(values, count)], (0.1, 1))
    (counts,) = slots.read()
    assert counts[WRITTEN] == 1
    tables = counts[layout.COLUMNS :].reshape(layout.MAX_COLUMNS, layout.COLUMN_SIZE)
    assert tables[:, layout.VALUES :].sum(axis=1).tolist() == [
        0,
        *[2] * MAX_INPUTS,
        1,
        *[0] * (layout.MAX_COLUMNS - MAX_INPUTS - 2),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_each_published_record_counts_once_though_workers_are_killed(seed: int) -> None:
    slots, delays, total = SlotMap(1), random.Random(seed), 0.0
    slots.take(())
    slot = slots.slot(1)

    def work() -> None:
        recorder, attempts = make_recorder(slots), [make_attempt([[0, 1, 2]])]
        while True:
            recorder.record("/predict", 200, 0.25, (), attempts, (0.5, 1))

    last = np.zeros(layout.COUNTED - HEAD)
    for kills in range(1, 501):
        pid = fork(work)
        end = time.monotonic() + delays.uniform(0.005, 0.04)
        while time.monotonic() < end:  # a reader while it writes and folds
            counts = slots.read()[0]
            assert (counts[HEAD:] >= last).all()
            last = counts[HEAD:]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        counts = slots.read()[0]
        total = slot[WRITTEN]
        route = ROUTES + layout.ROUTE_SIZE
        assert counts[route + layout.STATUSES.index(200)] == counts[EVENT["appended_bytes"]] == total
        assert counts[route + layout.DURATION_SUM] == total / 4
        assert counts[layout.COLUMNS :].sum() == 2 * total
        if kills >= 25 and total > 10 * MAX_RECORDS:  # on a busy machine, a worker does little in its time
            break
    assert total > 10 * MAX_RECORDS
    assert slot[STATE] > 0
