"""What is counted of a request, and of the rows that versions predicted for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metrics.deciles import Deciles
from app.metrics.layout import MAX_ROUTES, MAX_VERSIONS
from app.metrics.recorder import Recorder
from app.metrics.series import families
from app.metrics.slots import SlotMap
from app.results import Attempt

INPUTS = ("rm", "tax")
REFERENCE = np.arange(300, dtype=np.float32).reshape(100, 3)
FLOAT32 = st.floats(-1000, 1000, width=32)


class Counts:
    """A recorder with two routes and two versions of two inputs, and what it counted."""

    def __init__(self) -> None:
        self._slots = SlotMap(1)
        self.recorder = Recorder(self._slots.slot(self._slots.take(())))
        self.recorder.set_routes(["/predict", "/form"])
        for number in (1, 2):
            self.recorder.set_version(number, INPUTS, [Deciles.of(column) for column in REFERENCE.T])

    def record(self, *attempts: Attempt, route: str = "/predict", status: int = 200, **more: Any) -> None:
        arguments = {"refused": (), "appended": (0.0002, 100), **more}
        self.recorder.record(route, status, 0.002, attempts=attempts, **arguments)

    def read(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the samples of a metric that are not 0, by the values of their labels."""
        (family,) = [family for family in families(self._slots, self.recorder) if family.name == name]
        return {(*labels.values(), *filter(None, [end])): value for end, labels, value in family.samples if value}


@pytest.fixture
def counts() -> Counts:
    return Counts()


def attempt(
    rows: Sequence[Sequence[float]], version: int = 1, role: str = "champion", flags: Sequence[str] | None = None
) -> Attempt:
    """Return an attempt for rows of a prediction and two inputs."""
    values = np.array(rows, dtype=np.float32).reshape(-1, 3)
    return Attempt("model", version, role, values[:, 1:], values[:, 0], flags, range(len(values)))


def test_a_request_is_counted_by_route_and_status_with_its_time(counts: Counts) -> None:
    counts.record()
    counts.record(status=422)
    counts.record(route="/nowhere", status=418)
    assert counts.read("serve_http_requests_total") == {
        ("/predict", "200"): 1,
        ("/predict", "422"): 1,
        ("other",) * 2: 1,
    }
    durations = counts.read("serve_http_request_duration_seconds")
    assert (durations["/predict", "_count"], durations["/predict", "_sum"]) == (2, 0.004)
    assert durations["/predict", "0.0025", "_bucket"] == 2
    assert ("/predict", "0.001", "_bucket") not in durations


def test_the_rows_of_a_version_are_counted_by_the_deciles_of_its_reference(counts: Counts) -> None:
    counts.record(attempt([[0, 1, 299], [297, -5, 149]]))
    assert counts.read("model_rows_total") == {("1", "champion"): 2}
    assert counts.read("model_predictions_total") == {("1", "champion", "1"): 1, ("1", "champion", "10"): 1}
    assert counts.read("model_input_rows_total") == {
        ("rm", "1"): 1, ("rm", "below"): 1, ("tax", "10"): 1, ("tax", "5"): 1
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 20])
def test_a_missing_value_is_counted_by_no_decile(counts: Counts, count: int) -> None:
    prediction, rm, tax = REFERENCE.T
    counts.recorder.set_version(3, INPUTS, [Deciles.of(prediction), Deciles.of(rm, -13), Deciles.of(tax)])
    counts.record(attempt([[0, -13, 299], [0, 1, 299]] * count, version=3, flags=["rm:missing", ""] * count))
    assert counts.read("model_rows_total") == {("3", "champion"): 2 * count}
    assert counts.read("model_input_rows_total") == {("rm", "1"): count, ("tax", "10"): 2 * count}


@given(st.lists(st.tuples(FLOAT32 | st.just(float("nan")), FLOAT32, FLOAT32), min_size=9, max_size=40))
def test_a_batch_is_counted_as_its_rows_one_by_one(rows: list[tuple[float, float, float]]) -> None:
    together, alone = Counts(), Counts()
    together.record(attempt(rows))
    for row in rows:
        alone.record(attempt([row]))
    for name in ("model_rows_total", "model_predictions_total", "model_input_rows_total"):
        assert together.read(name) == alone.read(name)


def test_flags_are_counted_by_input_and_by_version(counts: Counts) -> None:
    flags = ["rm:outside_training tax:outside_training", "", "tax:outside_training output:implausible"]
    counts.record(attempt([[1, 1, 2]] * 3, flags=flags))
    assert counts.read("model_outside_training_rows_total") == {("rm",): 1, ("tax",): 2}
    assert counts.read("model_implausible_rows_total") == {("1", "champion"): 1}


def test_an_interval_is_no_value_outside_the_training_range(counts: Counts) -> None:
    counts.record(attempt([[1, 1, 2]] * 2, flags=["interval:0.9:1.0:3.0", "rm:outside_training interval:0.9:1.0:3.0"]))
    assert counts.read("model_outside_training_rows_total") == {("rm",): 1}


def test_a_row_that_two_versions_were_asked_for_is_one_row_of_its_inputs(counts: Counts) -> None:
    row, flag = [1, 1, 2], "rm:outside_training"
    counts.record(
        attempt([row, row], flags=[flag, f"{flag} output:implausible"]),
        attempt([row], version=2, role="fallback", flags=[f"{flag} instead_of:1"]),
    )
    assert counts.read("model_rows_total") == {("1", "champion"): 2, ("2", "fallback"): 1}
    assert counts.read("model_fallback_rows_total") == {("2", "fallback"): 1}
    assert sum(counts.read("model_input_rows_total").values()) == 2 * len(INPUTS)
    assert counts.read("model_outside_training_rows_total") == {("rm",): 2}


def test_rows_that_only_the_fallback_could_be_asked_for_count_all_the_same(counts: Counts) -> None:
    counts.record(attempt([[1, 1, 2]], version=2, role="fallback", flags=["rm:outside_training instead_of:1"]))
    assert sum(counts.read("model_input_rows_total").values()) == len(INPUTS)
    assert counts.read("model_outside_training_rows_total") == {("rm",): 1}


def test_what_the_shadow_sees_is_no_second_row_of_the_inputs(counts: Counts) -> None:
    counts.recorder.record_append(0.01, 50, [attempt([[1, 1, 2]], version=2, role="shadow")])
    assert counts.read("model_rows_total") == {("2", "shadow"): 1}
    assert counts.read("model_predictions_total") == {("2", "shadow", "1"): 1}
    assert counts.read("model_input_rows_total") == {}


def test_a_request_is_refused_once_for_each_input_and_for_all_that_is_none(counts: Counts) -> None:
    counts.record(status=422, refused={"rm", "", "no such input"})
    counts.record(status=422, refused=["rm"])
    assert counts.read("model_refused_requests_total") == {("rm",): 2, ("other",): 1}


def test_rows_that_could_not_be_logged_do_not_count(counts: Counts) -> None:
    counts.record(attempt([[1, 1, 2]]), status=503, appended=None)
    assert counts.read("serve_http_requests_total") == {("/predict", "503"): 1}
    assert counts.read("model_rows_total") == {}


def test_the_time_and_the_bytes_of_appends_are_counted(counts: Counts) -> None:
    counts.record()
    counts.recorder.record_append(2.0, 50, [])
    appends = counts.read("serve_log_append_duration_seconds")
    assert (appends["_count",], appends["_sum",], appends["0.00025", "_bucket"]) == (2, pytest.approx(2.0002), 1)
    assert counts.read("serve_log_appended_bytes_total") == {(): 150}


def test_versions_and_routes_without_a_place_are_counted_as_others() -> None:
    counts = Counts()
    counts.recorder.set_routes([f"/{number}" for number in range(MAX_ROUTES + 5)])
    for number in range(1, MAX_VERSIONS + 3):
        counts.record(attempt([[1, 1, 2]], version=number), route=f"/{number}")
    rows = counts.read("model_rows_total")
    assert (len(rows), rows["other", "other"], sum(rows.values())) == (MAX_VERSIONS, 3, MAX_VERSIONS + 2)
    requests = counts.read("serve_http_requests_total")
    assert (requests["other", "200"], sum(requests.values())) == (4, MAX_VERSIONS + 2)


def test_a_breaker_that_opens_twice_is_counted_twice(counts: Counts) -> None:
    states = []
    for is_open in (True, True, False, True):
        counts.recorder.set_breaker(is_open)
        states.append(counts.read("model_breaker_open_workers").get((), 0))
    assert states == [1, 1, 0, 1]
    assert counts.read("model_breaker_openings_total") == {(): 2}


def test_no_count_of_a_thread_is_lost(counts: Counts) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counts.record(attempt([[1, 1, 2]])), range(4000)))
    assert counts.read("model_rows_total") == {("1", "champion"): 4000}
    assert Counter(counts.read("model_input_rows_total")) == {("rm", "1"): 4000, ("tax", "1"): 4000}
