"""The metrics that the slots hold: their names, their labels, and the sums over all workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.metrics import layout
from app.metrics.deciles import Deciles
from app.metrics.exposition import Family
from app.metrics.recorder import OTHER, ROLES, Recorder
from app.metrics.slots import SlotMap

Doubles = NDArray[np.float64]

_EXPECTED = (200, 500, 503)  # they are there from the start: a rise from nothing shows only from 0 on


def families(slots: SlotMap, recorder: Recorder) -> Iterator[Family]:
    """Yield all that the workers count.

    Args:
        recorder: of the worker that is asked; it knows the names of the routes and the inputs, which are the same in
            all workers.
    """
    workers = slots.read()
    sums = workers.sum(axis=0)
    yield from _requests(sums, recorder)
    yield from _versions(workers)
    yield from _inputs(sums, recorder)
    yield from _log(sums)
    yield from _roles(sums)
    family = Family("serve_workers", "gauge", "Worker processes.")
    family.add(float(np.count_nonzero(workers[:, layout.PID])))
    yield family


def reference_families(inputs: Sequence[str], deciles: Sequence[Deciles]) -> Iterator[Family]:
    """Yield the champion's reference: what the rows that are counted by decile are compared with.

    Args:
        deciles: of its predictions, then of each input; empty if it has none.
    """
    about = "of the champion's reference, by decile: ten of a tenth each, unless values are equal."
    for kind, labels, columns in (
        ("prediction", [{}], deciles[:1]),
        ("input", [{"input": name} for name in inputs], deciles[1:]),
    ):
        shares = Family(f"model_reference_{kind}_share", "gauge", f"Share of the rows {about}")
        bounds = Family(f"model_reference_{kind}_upper_bound", "gauge", f"Largest {kind} {about}")
        for label, column in zip(labels, columns, strict=False):
            for name, share in zip(layout.BIN_NAMES, column.shares, strict=True):
                shares.add(share, **label, decile=name)
            for name, edge in zip(layout.BIN_NAMES[:-1], column.edges, strict=True):
                bounds.add(edge, **label, decile=name)
        yield from (shares, bounds)


def _requests(sums: Doubles, recorder: Recorder) -> Iterator[Family]:
    requests = Family("serve_http_requests_total", "counter", "Requests that were answered, by route and status.")
    durations = Family(
        "serve_http_request_duration_seconds",
        "histogram",
        "Time from a request's arrival until its reply was ready and logged.",
    )
    for place, route in enumerate(recorder.routes):
        entry = sums[layout.ROUTES + place * layout.ROUTE_SIZE :][: layout.ROUTE_SIZE]
        for status, count in zip(layout.STATUSES, entry, strict=False):
            if count or status in _EXPECTED:
                requests.add(count, route=route, status=str(status or OTHER))
        if entry.any():
            durations.add_histogram(
                layout.DURATION_BUCKETS,
                entry[layout.DURATIONS : layout.DURATION_SUM],
                entry[layout.DURATION_SUM],
                route=route,
            )
    yield requests
    yield durations


def _versions(workers: Doubles) -> Iterator[Family]:
    tables = workers[:, layout.VERSIONS : layout.COLUMNS].reshape(-1, layout.MAX_VERSIONS, layout.VERSION_SIZE)
    totals: dict[tuple[str, str], Doubles] = {}
    for entry in tables[tables[:, :, layout.ROWS] > 0]:
        number, place = divmod(int(entry[layout.KEY]), 8)
        key = (str(number) if number else OTHER, ROLES[place])
        totals[key] = totals.get(key, np.zeros(layout.VERSION_SIZE)) + entry
    rows = Family("model_rows_total", "counter", "Rows that a version predicted for in a role, as logged.")
    implausible = Family("model_implausible_rows_total", "counter", "Rows whose prediction was not plausible.")
    fallback = Family("model_fallback_rows_total", "counter", "Rows that a version was asked for in place of another.")
    predictions = Family(
        "model_predictions_total",
        "counter",
        "Predictions by the decile of the version's predictions for its own training rows that they are in.",
    )
    for (version, role), entry in sorted(totals.items()):
        for family, place in ((rows, layout.ROWS), (implausible, layout.IMPLAUSIBLE), (fallback, layout.FALLBACK)):
            family.add(entry[place], version=version, role=role)
        for name, count in zip(layout.BIN_NAMES, entry[layout.PREDICTED :], strict=True):
            predictions.add(count, version=version, role=role, decile=name)
    yield from (rows, implausible, fallback, predictions)


def _inputs(sums: Doubles, recorder: Recorder) -> Iterator[Family]:
    refused = Family("model_refused_requests_total", "counter", "Requests with a value that was refused, by input.")
    outside = Family("model_outside_training_rows_total", "counter", "Rows with a value outside the training range.")
    values = Family("model_input_rows_total", "counter", "Rows by the decile of the training rows that an input is in.")
    for place, name in enumerate((OTHER, *recorder.inputs)):
        entry = sums[layout.COLUMNS + place * layout.COLUMN_SIZE :][: layout.COLUMN_SIZE]
        refused.add(entry[layout.REFUSED], input=name)
        outside.add(entry[layout.OUTSIDE], input=name)
        if place:
            for decile, count in zip(layout.BIN_NAMES, entry[layout.VALUES :], strict=True):
                values.add(count, input=name, decile=decile)
    yield from (refused, outside, values)


def _log(sums: Doubles) -> Iterator[Family]:
    appends = Family(
        "serve_log_append_duration_seconds",
        "histogram",
        "Time of an append to the log; replies wait for it, but for the shadow's.",
    )
    appends.add_histogram(layout.APPEND_BUCKETS, sums[layout.APPENDS : layout.APPEND_SUM], sums[layout.APPEND_SUM])
    yield appends
    yield _event(sums, "appended_bytes", "serve_log_appended_bytes_total", "Bytes of rows that were logged.")
    yield _event(sums, "append_failed", "serve_log_append_failures_total", "Appends to the log that failed.")
    yield _event(sums, "feedback_rows", "serve_feedback_rows_total", "Rows of ground truth that were accepted.")


def _roles(sums: Doubles) -> Iterator[Family]:
    family = Family("model_breaker_open_workers", "gauge", "Workers that do not ask the champion for a while.")
    family.add(sums[layout.BREAKER_OPEN])
    yield family
    yield _event(sums, "breaker_opened", "model_breaker_openings_total", "Times that a circuit breaker opened.")
    yield _event(sums, "canary_failed", "model_canary_failures_total", "Requests that the canary failed.")
    withdrawn = "Workers that withdrew a canary because it failed too often."
    yield _event(sums, "canary_withdrawn", "model_canary_withdrawals_total", withdrawn)
    shadow = Family("model_shadow_requests_total", "counter", "Requests for the shadow, by what became of them.")
    for outcome in ("processed", "dropped", "failed"):
        shadow.add(sums[layout.EVENT[f"shadow_{outcome}"]], outcome=outcome)
    yield shadow


def _event(sums: Doubles, event: str, name: str, text: str) -> Family:
    family = Family(name, "counter", text)
    family.add(sums[layout.EVENT[event]])
    return family
