"""The ring of a slot: requests that were written down, to be counted many at a time (layout.py has the picture)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.metrics import layout
from app.metrics.layout import BANK_SIZE, COUNTED, EDGES, HEAD, MAX_INPUTS, MAX_RECORDS, RING, STATE, WRITTEN

Doubles = NDArray[np.float64]

# What layout.RECORD packs: amounts, which are 0 if nothing was appended; the places of the route and of the version in
# a role, 0 without a row; how many columns are counted, the prediction and then inputs, plus 64 times by whose edges.
_AMOUNTS = ("seconds", "append_seconds", "append_bytes")
_PLACES = ("appended", "route", "status", "version", "columns")
_DTYPE = np.dtype(
    [(name, "d") for name in _AMOUNTS]
    + [(name, "i") for name in _PLACES]
    + [("prediction", "d"), ("inputs", "f", (MAX_INPUTS,))],
    align=True,
)


def edges_in(slot: Doubles) -> Doubles:
    """Return the edges in a slot, of EDGES_SHAPE."""
    return slot[EDGES : layout.EDGES_END].reshape(layout.EDGES_SHAPE)


def snapshot(slot: Doubles) -> Doubles:
    """Return the head of a slot, of any process, and all that it counted until now, (COUNTED,)."""
    while True:
        head = slot[:HEAD].copy()
        folded, current = divmod(int(head[STATE]), 2)
        counts = slot[current * BANK_SIZE :][:COUNTED].copy()
        counts[:HEAD] = head
        # These are in a row: place 0 is written only when all before was folded. Of workers that share the last slot,
        # and lose counts to each other, one may even write a number that is less than what was folded.
        first, unfolded = folded % MAX_RECORDS, max(0, int(head[WRITTEN]) - folded)
        records = slot[RING:EDGES].view(_DTYPE)[first : first + unfolded].copy()
        edges = edges_in(slot).copy()
        if slot[STATE] == head[STATE]:
            return counts + _count(records, edges) if unfolded else counts


def fold(slot: Doubles) -> None:
    """Move the records to the counts; only the worker whose slot it is may, and writes no record meanwhile."""
    counts = snapshot(slot)
    folded, current = divmod(int(counts[STATE]), 2)
    if counts[WRITTEN] > folded:
        slot[HEAD + (1 - current) * BANK_SIZE :][:BANK_SIZE] = counts[HEAD:]
        slot[STATE] = counts[WRITTEN] * 2 + 1 - current


def _count(records: NDArray[np.void], edges: Doubles) -> Doubles:
    """Return what is counted of some records, (COUNTED,)."""
    route, version = records["route"], records["version"]
    appends = records["append_seconds"][records["appended"] > 0]
    places = [
        route + records["status"],
        route + layout.DURATIONS + np.searchsorted(layout.DURATION_BUCKETS, records["seconds"]),
        layout.APPENDS + np.searchsorted(layout.APPEND_BUCKETS, appends),
        version[version > 0] + layout.ROWS,
    ]
    values = np.column_stack([records["prediction"], records["inputs"]])
    for key in sorted(set(records["columns"].tolist())):  # np.unique would import numpy.ma: 9 MB for good
        same = records["columns"] == key
        place, columns = divmod(key, 64)
        for column in range(columns):
            start = layout.COLUMNS + column * layout.COLUMN_SIZE + layout.VALUES
            start = start if column else version[same] + layout.PREDICTED
            bins = np.searchsorted(edges[place, column], values[same, column])  # NaN is in the last bin
            places.append(start + bins)
    # Each sum from left to right, so that none is less than what was shown of fewer records.
    sums = np.full((3, len(records)), [[0], [layout.APPEND_SUM], [layout.EVENT["appended_bytes"]]])
    sums[0] = route + layout.DURATION_SUM
    amounts = np.concatenate([records[name] for name in _AMOUNTS])
    counts = np.bincount(np.concatenate(places), minlength=COUNTED).astype(np.float64)
    return counts + np.bincount(sums.ravel(), amounts, COUNTED)
